//! `Semaphore`: permits are neither lost nor made.

use std::rc::Rc;

use executor::sync::Semaphore;
use executor::{Wait, gather, run, spawn, tasks, yield_now};

use crate::common::{Log, assert_waits, panic_text, ready_now};

/// A permit does what `Condition.notify` of asyncio and `Notify` of tokio do.
#[test]
fn c218_a_waiter_that_was_notified_and_is_dropped_passes_it_on() {
    run(async {
        let notices = Semaphore::new(0);
        let (mut one, mut two) = (notices.acquire(), notices.acquire());
        assert_waits(&mut one).await;
        assert_waits(&mut two).await;
        notices.add_permits(1);
        drop(one);
        ready_now(&mut two).await.forget();
        assert_eq!(notices.available_permits(), 0);
    });
}

#[test]
fn c220_waiters_dropped_before_or_after_a_release_keep_no_permit() {
    run(async {
        for drops_before in [true, false] {
            let semaphore = Semaphore::new(1);
            let held = semaphore.acquire().await;
            let (mut one, mut two) = (semaphore.acquire(), semaphore.acquire());
            assert_waits(&mut one).await;
            assert_waits(&mut two).await;
            if drops_before {
                drop(one);
                drop(held);
            } else {
                drop(held);
                drop(one);
            }
            let permit = ready_now(&mut two).await;
            assert_eq!(semaphore.available_permits(), 0);
            drop(permit);
            assert_eq!(semaphore.available_permits(), 1);
        }
    });
}

#[test]
fn c220_every_mix_of_releases_and_drops_ends_with_all_permits() {
    // Each waiter leaves at one of three moments: before the release, after
    // it, or never.
    run(async {
        for mix in 0..3_u32.pow(4) {
            let semaphore = Semaphore::new(2);
            let held = semaphore.acquire_many(2).await;
            let mut waits: Vec<_> = (0..4).map(|_| Some(semaphore.acquire())).collect();
            for wait in waits.iter_mut().flatten() {
                assert_waits(wait).await;
            }
            let leaves = |n: u32| mix / 3_u32.pow(n) % 3;
            let leave = |waits: &mut Vec<_>, moment| {
                for n in (0..4).filter(|n| leaves(*n) == moment) {
                    waits[n as usize] = None;
                }
            };
            leave(&mut waits, 0);
            drop(held);
            leave(&mut waits, 1);
            let stayed = waits.into_iter().flatten();
            let permits = gather(
                stayed
                    .map(|wait| async { drop(wait.await) })
                    .collect::<Vec<_>>(),
            );
            permits.await;
            assert_eq!(semaphore.available_permits(), 2, "mix {mix}");
        }
    });
}

#[test]
fn c221_the_order_holds_when_waiters_leave_in_between() {
    let log = Log::new();
    run(async {
        let semaphore = Rc::new(Semaphore::new(1));
        let held = semaphore.acquire().await;
        let waiters: Vec<_> = (0..6)
            .map(|n| {
                let (semaphore, log) = (semaphore.clone(), log.clone());
                spawn(async move {
                    let _permit = semaphore.acquire().await;
                    log.push(n);
                    yield_now().await;
                })
            })
            .collect();
        yield_now().await;
        waiters[0].cancel();
        waiters[3].cancel();
        drop(held);
        waiters[2].cancel();
        gather(waiters).await;
        assert_eq!(semaphore.available_permits(), 1);
    });
    assert_eq!(log.take(), ["1", "4", "5"]);
}

#[test]
fn a_waiter_for_many_permits_is_not_passed_by_waiters_for_few() {
    run(async {
        let semaphore = Semaphore::new(3);
        let held = semaphore.acquire_many(2).await;
        let (mut many, mut few) = (semaphore.acquire_many(3), semaphore.acquire());
        assert_waits(&mut many).await;
        assert_waits(&mut few).await;
        assert!(
            semaphore.try_acquire().is_none(),
            "one is free, and spoken for"
        );
        // When the first waiter leaves, there are enough permits.
        drop(many);
        drop(ready_now(&mut few).await);
        drop(held);
        assert_eq!(semaphore.available_permits(), 3);
    });
}

#[test]
fn added_permits_go_to_the_waiters() {
    run(async {
        let semaphore = Semaphore::new(0);
        let (mut one, mut two) = (semaphore.acquire(), semaphore.acquire());
        assert_waits(&mut one).await;
        assert_waits(&mut two).await;
        semaphore.add_permits(1);
        ready_now(&mut one).await.forget();
        assert_waits(&mut two).await;
        semaphore.add_permits(1);
        drop(ready_now(&mut two).await);
        assert_eq!(semaphore.available_permits(), 1);
    });
}

const FULL: &str = "a semaphore cannot have more than usize::MAX permits";

#[test]
fn permits_in_use_count_when_permits_are_added() {
    let full = Semaphore::new(usize::MAX);
    assert_eq!(panic_text(|| full.add_permits(1)), FULL);
    // Held, and not free.
    let held = full.try_acquire().unwrap();
    assert_eq!(panic_text(|| full.add_permits(1)), FULL);
    assert_eq!(
        full.available_permits(),
        usize::MAX - 1,
        "nothing was added"
    );
    drop(held);
    assert_eq!(full.available_permits(), usize::MAX, "nothing is lost");
    // Forgotten permits make room.
    full.try_acquire().unwrap().forget();
    full.add_permits(1);
    assert_eq!(panic_text(|| full.add_permits(1)), FULL);
    assert_eq!(panic_text(|| full.add_permits(usize::MAX)), FULL);
    full.add_permits(0);
    assert_eq!(full.available_permits(), usize::MAX);
}

#[test]
fn no_permit_vanishes_at_the_limit() {
    run(async {
        for (first, many) in [(usize::MAX, 1), (usize::MAX - 1, 3), (usize::MAX / 2, 1)] {
            let semaphore = Semaphore::new(first);
            let held = semaphore.acquire_many(many).await;
            let rest = usize::MAX - first;
            semaphore.add_permits(rest);
            assert_eq!(semaphore.available_permits(), usize::MAX - many);
            assert_eq!(panic_text(|| semaphore.add_permits(1)), FULL);
            let all = semaphore.acquire_many(usize::MAX - many).await;
            assert_eq!(semaphore.available_permits(), 0);
            drop(held);
            drop(all);
            assert_eq!(semaphore.available_permits(), usize::MAX);
        }
    });
}

/// A permit that was granted and not taken yet is in use as well.
#[test]
fn granted_permits_count_when_permits_are_added() {
    run(async {
        let semaphore = Semaphore::new(0);
        let mut wait = semaphore.acquire_many(usize::MAX);
        assert_waits(&mut wait).await;
        semaphore.add_permits(usize::MAX);
        assert_eq!(semaphore.available_permits(), 0);
        assert_eq!(panic_text(|| semaphore.add_permits(1)), FULL);
        drop(wait); // it was granted; its permits are free again
        assert_eq!(semaphore.available_permits(), usize::MAX);
        let all = semaphore.acquire_many(usize::MAX).await;
        all.forget();
        assert_eq!(semaphore.available_permits(), 0);
        semaphore.add_permits(usize::MAX);
        assert_eq!(semaphore.available_permits(), usize::MAX);
    });
}

#[test]
fn a_listing_says_how_many_permits_are_waited_for() {
    run(async {
        let semaphore = Rc::new(Semaphore::named("api", 0));
        let waits = semaphore.clone();
        let task = spawn(async move { waits.acquire_many(3).await.forget() });
        yield_now().await;
        let wait = tasks()[1].waits_for()[0].clone();
        assert!(matches!(wait, Wait::Semaphore { permits: 3, .. }));
        let text = wait.to_string();
        assert!(
            text.starts_with("3 permits of semaphore \"api\" at "),
            "{text}"
        );
        semaphore.add_permits(3);
        task.await.unwrap();
    });
}
