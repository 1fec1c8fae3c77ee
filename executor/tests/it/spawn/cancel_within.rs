//! Cancelling with grace: `cancel_within` and `cancelled`.

use std::future::pending;
use std::time::Duration;

#[cfg(feature = "scope")]
use executor::scope;
use executor::{
    JoinHandle, Wait, cancelled, gather, now, race, run, sleep, spawn, spawn_named, tasks,
    yield_now,
};
use futures::channel::oneshot;

use crate::common::{Log, OnDrop, panic_text, poll_once, virtual_runner};

const MS: Duration = Duration::from_millis(1);

#[test]
fn c089_a_task_that_listens_ends_by_itself_and_one_that_does_not_is_dropped_in_time() {
    let log = Log::new();
    virtual_runner().run(async {
        let began = now();
        let polite = spawn(async {
            cancelled().await;
            sleep(20 * MS).await;
            "goodbye"
        });
        let deaf = spawn({
            let log = log.clone();
            async move {
                let _gone = OnDrop(|| log.push("dropped"));
                pending::<()>().await;
            }
        });
        yield_now().await;
        let (polite, deaf) = gather((
            async { (polite.cancel_within(50 * MS).await, now() - began) },
            async { (deaf.cancel_within(50 * MS).await, now() - began) },
        ))
        .await;
        assert_eq!(polite.0.unwrap(), "goodbye");
        assert_eq!(polite.1, 20 * MS);
        assert!(deaf.0.unwrap_err().is_cancelled());
        assert_eq!(deaf.1, 50 * MS);
        assert_eq!(log.take(), ["dropped"]);
    });
}

#[test]
fn a_task_that_begins_to_listen_after_it_was_asked_learns_it_at_once() {
    virtual_runner().run(async {
        let late = spawn(async {
            sleep(10 * MS).await;
            let before = now();
            cancelled().await;
            assert_eq!(now(), before);
            7
        });
        yield_now().await;
        assert_eq!(late.cancel_within(50 * MS).await.unwrap(), 7);
    });
}

#[test]
fn every_place_where_a_task_listens_is_told() {
    run(async {
        let task = spawn(async {
            gather((cancelled(), cancelled(), cancelled())).await;
            gather((0..100).map(|_| cancelled()).collect::<Vec<_>>()).await;
        });
        yield_now().await;
        task.cancel_within(Duration::from_secs(60)).await.unwrap();
    });
}

#[test]
fn a_value_that_is_ready_when_the_grace_is_over_is_kept() {
    virtual_runner().run(async {
        let exact = spawn(async {
            cancelled().await;
            sleep(50 * MS).await;
            1
        });
        yield_now().await;
        // Both deadlines are one moment. The task's timer was armed later, so
        // it fires later: the cancel comes first, and wins.
        let result = exact.cancel_within(50 * MS).await;
        assert!(result.unwrap_err().is_cancelled());

        let ended = spawn(async { 2 });
        yield_now().await;
        assert_eq!(ended.cancel_within(Duration::ZERO).await.unwrap(), 2);
    });
}

#[test]
fn a_grace_of_nothing_gives_the_task_no_poll() {
    run(async {
        let task = spawn(async {
            cancelled().await;
        });
        yield_now().await;
        let result = task.cancel_within(Duration::ZERO).await;
        assert!(result.unwrap_err().is_cancelled());
    });
}

async fn log_being_asked(log: Log) {
    cancelled().await;
    log.push("asked");
}

#[test]
fn a_plain_cancel_asks_no_task() {
    let log = Log::new();
    run(async {
        let task = spawn(log_being_asked(log.clone()));
        yield_now().await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
    });
    assert_eq!(log.take(), Vec::<String>::new());
}

#[test]
fn a_task_is_asked_though_the_result_is_not_awaited() {
    let log = Log::new();
    run(async {
        let task = spawn(log_being_asked(log.clone()));
        yield_now().await;
        drop(task.cancel_within(MS));
        yield_now().await;
        yield_now().await;
    });
    assert_eq!(log.take(), ["asked"]);
}

#[cfg(feature = "scope")]
#[test]
fn a_child_of_a_scope_is_asked_by_its_own_handle_and_its_siblings_are_not() {
    virtual_runner().run(async {
        scope(async |s| {
            let one = s.spawn(async {
                cancelled().await;
                1
            });
            let two =
                s.spawn(async { race((async { cancelled().await }, sleep(100 * MS))).await.0 });
            yield_now().await;
            yield_now().await;
            assert_eq!(one.cancel_within(50 * MS).await.unwrap(), 1);
            assert_eq!(two.await.unwrap(), 1, "its sleep ended first");
        })
        .await;
    });
}

#[test]
fn a_task_that_listens_is_listed_so_and_no_longer_when_it_stops() {
    virtual_runner().run(async {
        let task = spawn_named("server", async {
            race((cancelled(), sleep(MS))).await;
            sleep(MS).await;
        });
        yield_now().await;
        assert_eq!(tasks()[1].waits_for(), [Wait::Sleep(MS), Wait::Cancel]);
        sleep(MS).await;
        yield_now().await;
        assert_eq!(tasks()[1].waits_for(), [Wait::Sleep(MS)]);
        task.await.unwrap();
    });
}

#[test]
fn the_main_future_is_never_asked() {
    let error = virtual_runner().try_run(cancelled()).unwrap_err();
    assert!(error.to_string().contains("being asked to stop"), "{error}");
}

#[test]
fn listening_outside_a_loop_panics_with_the_reason() {
    let text = panic_text(|| futures::executor::block_on(cancelled()));
    assert!(text.contains("needs a running loop"), "{text}");
}

#[test]
fn a_wait_for_the_cancel_of_a_task_that_has_ended_completes_in_the_task_that_polls_it_now() {
    virtual_runner().run(async {
        let (send, receive) = oneshot::channel();
        let first = spawn(async move {
            let mut wait = cancelled();
            assert!(poll_once(&mut wait).await.is_pending());
            assert!(send.send(wait).is_ok());
            sleep(MS).await;
        });
        let began = now();
        let second = spawn(async move { receive.await.unwrap().await });
        second.await.unwrap();
        assert_eq!(now() - began, MS, "it ended with the task");
        assert!(first.is_finished());
    });
}

#[test]
fn cancelling_oneself_with_grace_ends_when_the_grace_is_over() {
    let log = Log::new();
    virtual_runner().run(async {
        let (send, receive) = oneshot::channel::<JoinHandle<()>>();
        let task = spawn({
            let log = log.clone();
            async move {
                let _gone = OnDrop(|| log.push("dropped"));
                let own = receive.await.unwrap();
                let _ = own.cancel_within(MS).await;
                log.push("not reached");
            }
        });
        assert!(send.send(task).is_ok());
        sleep(2 * MS).await;
        assert_eq!(log.take(), ["dropped"]);
    });
}
