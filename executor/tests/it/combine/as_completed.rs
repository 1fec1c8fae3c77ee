//! `as_completed`: the order of completion, and what a dropped set leaves behind.

use std::future::pending;

use executor::{as_completed, gather, race, run, sleep, spawn, timeout, try_gather, yield_now};
use futures::channel::oneshot;
use futures::{Stream, StreamExt};

use super::{LARGE, MS, SMALL, tells_its_drop};
use crate::common::{Count, Log, OnDrop, panic_text, virtual_runner};

fn naps(lengths: &[u32]) -> Vec<impl Future<Output = u32> + use<>> {
    let nap = |&ms: &u32| async move {
        sleep(ms * MS).await;
        ms
    };
    lengths.iter().map(nap).collect()
}

/// A stream that is read up to the first error replaces `asyncio.wait`.
#[test]
fn c103_as_completed_read_up_to_the_first_error_gives_all_that_were_done_before() {
    virtual_runner().run(async {
        let job = |(ms, fails): (u32, bool)| async move {
            sleep(ms * MS).await;
            if fails { Err(ms) } else { Ok(ms) }
        };
        let jobs = [(30, false), (20, true), (10, false)].map(job);
        let mut stream = as_completed(Vec::from(jobs));
        let mut done = Vec::new();
        while let Some((index, result)) = stream.next().await {
            done.push((index, result));
            if result.is_err() {
                break;
            }
        }
        assert_eq!(done, [(2, Ok(10)), (1, Err(20))]);
        assert_eq!(
            stream.next().await,
            Some((0, Ok(30))),
            "the others are still there"
        );
    });
}

#[test]
fn c104_a_wait_that_times_out_leaves_all_that_it_waited_for_running() {
    virtual_runner().run(async {
        let tasks = [40, 50].map(|ms| spawn(sleep(ms * MS)));
        let mut stream = as_completed(Vec::from(tasks));
        assert!(timeout(10 * MS, stream.next()).await.is_err());
        assert_eq!(stream.size_hint(), (2, Some(2)));
        assert!(matches!(stream.next().await, Some((0, Ok(())))));
        let mut slow = spawn(sleep(20 * MS));
        assert!(timeout(10 * MS, gather((&mut slow,))).await.is_err());
        assert!(slow.await.is_ok());
    });
}

#[test]
fn c106_waiting_for_nothing_never_hangs() {
    run(async {
        assert!(
            as_completed(Vec::<std::future::Ready<()>>::new())
                .next()
                .await
                .is_none()
        );
        let text = panic_text(|| race(Vec::<std::future::Ready<()>>::new()));
        assert_eq!(text, "a race of no futures has no winner");
        let none: [std::future::Ready<()>; 0] = [];
        let text = panic_text(|| race(none));
        assert_eq!(text, "a race of no futures has no winner");
    });
}

#[test]
fn c107_the_first_to_be_done_is_given_first() {
    virtual_runner().run(async {
        let order: Vec<_> = as_completed(naps(&[100, 50, 20])).collect().await;
        assert_eq!(order, [(2, 20), (1, 50), (0, 100)]);

        let mut stream = as_completed(naps(&[100, 50, 20]));
        let mut order = Vec::new();
        let reads = async {
            while let Some((index, _)) = stream.next().await {
                order.push(index);
            }
        };
        assert!(timeout(60 * MS, reads).await.is_err());
        assert_eq!(order, [2, 1]);
    });
}

#[test]
fn c107_what_is_done_in_one_turn_comes_in_the_order_of_the_wakes() {
    for n in [LARGE, SMALL] {
        virtual_runner().run(async {
            let (senders, receivers): (Vec<_>, Vec<_>) =
                (0..n).map(|_| oneshot::channel::<()>()).unzip();
            let mut stream = as_completed(receivers);
            assert!(timeout(MS, stream.next()).await.is_err());
            for sender in senders.into_iter().rev() {
                sender.send(()).unwrap();
            }
            let order: Vec<_> = stream.map(|(index, _)| index).collect().await;
            assert_eq!(order, (0..n).rev().collect::<Vec<_>>(), "{n} futures");
        });
    }
}

#[test]
fn c109_a_stream_that_was_left_half_way_goes_on_with_the_rest() {
    virtual_runner().run(async {
        let mut stream = as_completed(naps(&[30, 10, 20]));
        for expected in [Some((1, 10)), Some((2, 20)), Some((0, 30)), None, None] {
            assert_eq!(stream.next().await, expected);
            sleep(5 * MS).await;
        }
    });
}

#[test]
fn c110_dropping_the_set_drops_its_members_in_their_order() {
    let log = Log::new();
    for n in [SMALL, LARGE] {
        let expected: Vec<_> = (0..n).map(|n| format!("dropped {n}")).collect();
        let members = || {
            let member = |index| {
                let gone = tells_its_drop(&log, index);
                async move {
                    let _gone = gone;
                    pending::<Result<(), ()>>().await
                }
            };
            (0..n).map(member).collect::<Vec<_>>()
        };
        virtual_runner().run(async {
            timeout(MS, as_completed(members()).next())
                .await
                .unwrap_err();
            assert_eq!(log.take(), expected);
            timeout(MS, gather(members())).await.unwrap_err();
            assert_eq!(log.take(), expected);
            timeout(MS, try_gather(members())).await.unwrap_err();
            assert_eq!(log.take(), expected);
            timeout(MS, race(members())).await.unwrap_err();
            assert_eq!(log.take(), expected);
        });
    }
}

#[test]
fn c110_tasks_whose_handles_cancel_on_drop_end_with_the_set() {
    let drops = Count::default();
    virtual_runner().run(async {
        let member = |_| {
            let drops = drops.clone();
            let task = spawn(async move {
                let _gone = OnDrop(move || drops.add());
                pending::<()>().await;
            });
            task.cancel_on_drop()
        };
        timeout(MS, gather([(); 3].map(member))).await.unwrap_err();
        yield_now().await;
        assert_eq!(drops.get(), 3);
    });
}

#[test]
fn c112_a_member_that_panics_is_reported_as_itself_and_the_others_go_on() {
    virtual_runner().run(async {
        let member = |ms: u32| {
            spawn(async move {
                sleep(ms * MS).await;
                if ms == 20 {
                    std::panic::resume_unwind(Box::new("twenty"));
                }
                ms
            })
        };
        let mut stream = as_completed([10, 20, 30].map(member).into());
        assert_eq!(stream.next().await.unwrap().1.unwrap(), 10);
        let (index, error) = stream.next().await.unwrap();
        assert_eq!((index, error.unwrap_err().is_panic()), (1, true));
        assert_eq!(stream.next().await.unwrap().1.unwrap(), 30);
        assert!(stream.next().await.is_none());
    });
}

#[test]
fn c113_members_whose_loop_is_gone_are_reported_as_cancelled() {
    for n in [SMALL, LARGE] {
        let mut first = virtual_runner();
        let tasks: Vec<_> = (0..n).map(|_| first.spawn(pending::<()>())).collect();
        let mut stream = as_completed(tasks);
        assert!(first.run(async { timeout(MS, stream.next()).await.is_err() }));
        drop(first);
        let ends: Vec<_> = virtual_runner().run(stream.collect());
        assert_eq!(ends.len(), n);
        assert!(
            ends.into_iter()
                .all(|(_, end)| end.unwrap_err().is_cancelled())
        );
    }
}
