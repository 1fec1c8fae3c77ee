//! Round after round, until the time is over; and what must be true after each
//! and at the end.

use std::time::{Duration, Instant};

use executor::{Runner, tasks, timeout};

use crate::books::Books;
use crate::load::{PANIC, load};
use crate::process::{Belongings, resident};

/// A round that takes longer hangs. Generous: it takes some milliseconds on a
/// machine that has nothing else to do.
const HANG: Duration = Duration::from_secs(300);

/// Rounds after which the memory is taken as what the work needs.
const WARM_UP: u64 = 3;

/// How much memory may grow after that: what the allocator keeps for itself
/// varies by some MiB, and a leak of one KiB a round shows within a minute.
const GROWTH: u64 = 16 * 1024;

pub(crate) fn soak(time: Duration) {
    be_quiet_about_panics_on_purpose();
    let began = Instant::now();
    let sum = Books::default();
    // The first round also makes what the process keeps: std's and ours.
    round(0, &sum);
    let before = Belongings::now();
    let (mut rounds, mut warm) = (1, 0);
    while rounds <= WARM_UP || began.elapsed() < time {
        round(rounds, &sum);
        rounds += 1;
        if rounds == WARM_UP {
            warm = resident();
        }
    }
    Belongings::assert_no_more_than(before);
    let memory = resident();
    assert!(
        memory <= warm + GROWTH,
        "memory grew from {warm} to {memory} KiB in {rounds} rounds"
    );
    println!("{rounds} rounds; resident memory {warm} KiB after {WARM_UP}, {memory} KiB now");
    println!("{sum}");
}

/// One loop, from its beginning to its end.
fn round(number: u64, sum: &Books) {
    let books = Books::default();
    let mut runner = Runner::builder()
        .seed(number)
        .instrument(books.clone())
        .build();
    runner.run(async {
        let work = timeout(HANG, load(number, books.clone()));
        if work.await.is_err() {
            panic!("round {number} hangs: {:?}", tasks());
        }
        let left: Vec<_> = tasks().iter().map(|task| task.name().to_owned()).collect();
        assert_eq!(left.len(), 1, "tasks left over: {left:?}");
    });
    runner.close();
    drop(runner);
    books.reconcile();
    sum.add_all(&books);
}

/// The other panics are printed as ever.
fn be_quiet_about_panics_on_purpose() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<&str>() != Some(&PANIC) {
            loud(info);
        }
    }));
}
