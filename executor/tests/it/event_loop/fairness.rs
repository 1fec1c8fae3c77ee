//! Fairness: no task is polled twice before every other ready task was polled
//! once, and a queue that is never empty hides neither timers nor messages.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

#[cfg(feature = "observe")]
use executor::instrument::{Event, Recorder};
use executor::{Handle, Runner, now, run, sleep, spawn, yield_now};
use futures::StreamExt;
use futures::channel::oneshot;
use futures::stream::FuturesUnordered;

use crate::common::{Count, Log, poll_once, sized, sized_by_build, virtual_runner};
#[cfg(feature = "observe")]
use crate::common::{count, recorded_virtual_runner};

const MS: Duration = Duration::from_millis(1);

/// The most polls between two checks of timers and the inbox while tasks are
/// ready (DESIGN, section 3).
const POLLS_BETWEEN_LOOKS: usize = 61;

#[cfg(feature = "observe")]
fn recorded_runner() -> (Runner, Recorder) {
    let recorder = Recorder::new();
    (
        Runner::builder().instrument(recorder.clone()).build(),
        recorder,
    )
}

/// Starts tasks that are always ready.
fn spawn_restless_tasks(n: usize) {
    for _ in 0..n {
        drop(spawn(async {
            loop {
                yield_now().await;
            }
        }));
    }
}

#[test]
fn tasks_that_yield_are_polled_in_strict_rotation() {
    let log = Log::new();
    virtual_runner().run(async {
        let task = |name: &'static str| {
            let log = log.clone();
            spawn(async move {
                for _ in 0..3 {
                    log.push(name);
                    yield_now().await;
                }
            })
        };
        for task in ["a", "b", "c"].map(task) {
            task.await.unwrap();
        }
    });
    assert_eq!(log.take().concat(), "abcabcabc");
}

#[cfg(feature = "observe")]
#[test]
fn c176_a_newcomer_among_busy_pairs_is_done_after_a_turn_for_each_of_its_yields() {
    let (mut runner, recorder) = recorded_runner();
    runner.run(async {
        for _ in 0..sized(100, 5) {
            let (ping, pings) = async_channel::bounded(1);
            let (pong, pongs) = async_channel::bounded(1);
            drop(spawn(async move {
                while ping.send(()).await.is_ok() && pongs.recv().await.is_ok() {}
            }));
            drop(spawn(async move {
                while pings.recv().await.is_ok() && pong.send(()).await.is_ok() {}
            }));
        }
        for _ in 0..10 {
            yield_now().await;
        }
        recorder.take();
        let newcomer = spawn(async {
            for _ in 0..5 {
                yield_now().await;
            }
        });
        newcomer.await.unwrap();
    });
    let turns = count(&recorder.take(), |event| {
        matches!(event, Event::Turn { .. })
    });
    assert!(
        turns <= 7,
        "{turns} turns: one a yield, the first poll, and the join"
    );
}

#[cfg(feature = "observe")]
#[test]
fn c178_a_burst_of_wakes_from_another_thread_is_handled_at_once() {
    const BURST: usize = sized(500, 50);
    let (mut runner, recorder) = recorded_runner();
    runner.run(async {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..BURST).map(|_| oneshot::channel()).unzip();
        let tasks: Vec<_> = receivers.into_iter().map(spawn).collect();
        yield_now().await;
        yield_now().await; // all wait
        let wakes = move || {
            senders
                .into_iter()
                .for_each(|sender| sender.send(()).unwrap())
        };
        std::thread::spawn(wakes).join().unwrap(); // blocks the loop
        recorder.take();
        // Nothing else will ever wake this loop: what it forgets is lost.
        for task in tasks {
            task.await.unwrap().unwrap();
        }
    });
    let events = recorder.take();
    let drained = |event: &Event| matches!(event, Event::InboxDrained { messages: BURST });
    assert_eq!(count(&events, drained), 1);
    let before = events
        .iter()
        .position(|(_, event)| matches!(event, Event::ParkStart { .. }));
    assert_eq!(before, None, "no park while a task is woken");
}

/// The most polls for which a queue of two hundred tasks that are always ready
/// hides an event. `happens` causes the event in a poll of the main future, which
/// is the first in that queue; `is_seen` says whether the loop has noticed it.
/// Each number of polls since the last check of the loop is tried.
#[cfg(feature = "observe")]
fn longest_hidden(happens: impl AsyncFn(), is_seen: impl Fn(&Event) -> bool) -> usize {
    let hidden = |polls_before| {
        let (mut runner, recorder) = recorded_runner();
        runner.run(async {
            for _ in 0..polls_before {
                yield_now().await;
            }
            wake_then(|| spawn_restless_tasks(200)).await;
            recorder.take();
            happens().await;
        });
        let events = recorder.take();
        let seen = events.iter().position(|(_, event)| is_seen(event));
        count(&events[..seen.expect("it is seen")], |event| {
            matches!(event, Event::PollStart { .. })
        })
    };
    let offsets = POLLS_BETWEEN_LOOKS * sized_by_build(2, 1, 1);
    (0..offsets).map(hidden).max().unwrap()
}

/// Wakes its own task, calls `f`, and is ready in the next turn. The tasks that
/// `f` spawns are behind its own in the queue.
async fn wake_then(f: impl Fn()) {
    let mut is_woken = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut is_woken, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        f();
        Poll::Pending
    })
    .await;
}

/// Of catalogue row C052, which asks for one turn; a turn of a long queue may
/// take long, so the bound is a number of polls.
#[cfg(feature = "observe")]
#[test]
#[cfg_attr(
    miri,
    ignore = "122 loops with 200 busy tasks each are too long for an interpreter"
)]
fn a_queue_that_is_never_empty_does_not_hide_a_timer() {
    let comes_due = async || {
        let start = now();
        let mut nap = sleep(Duration::from_nanos(1));
        assert!(poll_once(&mut nap).await.is_pending());
        while now() - start < MS / 100 {
            std::hint::spin_loop();
        }
        nap.await;
    };
    let hidden = longest_hidden(comes_due, |event| matches!(event, Event::TimerFire { .. }));
    assert_eq!(hidden, POLLS_BETWEEN_LOOKS - 1);
}

#[cfg(feature = "observe")]
#[test]
#[cfg_attr(
    miri,
    ignore = "122 loops with 200 busy tasks each are too long for an interpreter"
)]
fn a_queue_that_is_never_empty_does_not_hide_the_inbox() {
    let posts = async || {
        let handle = Handle::current();
        let post = std::thread::spawn(move || handle.spawn(|| async {}));
        post.join().unwrap().await.unwrap();
    };
    let hidden = longest_hidden(posts, |event| matches!(event, Event::InboxDrained { .. }));
    assert_eq!(hidden, POLLS_BETWEEN_LOOKS - 1);
}

/// A task that counts its turns, without end.
async fn count_turns(turns: Count) {
    loop {
        turns.add();
        yield_now().await;
    }
}

/// More than twice as many as a task may find ready in one poll.
const MANY: u32 = sized(1_000, 300);

/// The handles of finished tasks are always ready; after 128 of them the task
/// has to let the others run.
#[test]
fn a_task_that_always_finds_something_ready_lets_the_others_run() {
    virtual_runner().run(async {
        let finished: Vec<_> = (0..MANY).map(|n| spawn(async move { n })).collect();
        sleep(MS).await;
        let turns = Count::default();
        let _others = spawn(count_turns(turns.clone())).cancel_on_drop();
        for task in finished {
            task.await.unwrap();
        }
        assert_eq!(turns.get(), MANY / 128);
    });
}

#[test]
fn c286_draining_a_foreign_set_of_a_thousand_ready_handles_lets_the_others_run() {
    virtual_runner().run(async {
        let mut set: FuturesUnordered<_> = (0..MANY).map(|n| spawn(async move { n })).collect();
        sleep(MS).await; // all are finished
        let turns = Count::default();
        let _others = spawn(count_turns(turns.clone())).cancel_on_drop();
        let mut sum = 0;
        while let Some(output) = set.next().await {
            sum += output.unwrap();
        }
        assert_eq!(sum, (MANY - 1) * MANY / 2);
        assert!(
            turns.get() >= MANY / 128,
            "the others ran {} times",
            turns.get()
        );
    });
}

/// A turn is the queue as it is when the turn starts. A task that a poll wakes,
/// its own included, is polled in the next turn.
#[cfg(feature = "observe")]
#[test]
fn a_task_that_wakes_itself_is_polled_once_a_turn() {
    let (mut runner, recorder) = recorded_virtual_runner();
    runner.run(async {
        let mut left = 10;
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            left -= 1;
            if left == 0 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    });
    let events = recorder.take();
    assert_eq!(
        count(&events, |event| matches!(event, Event::Turn { ready: 1 })),
        10
    );
    assert_eq!(
        count(&events, |event| matches!(event, Event::PollStart { .. })),
        10
    );
    run(async {});
}
