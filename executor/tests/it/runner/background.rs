//! `Background`: a loop on a thread of its own.

use std::future::pending;
use std::panic::panic_any;
use std::sync::{Arc, OnceLock, mpsc};

use executor::{Background, Runner, run, yield_now};

use crate::common::{OnDrop, panic_of, panic_text};

#[test]
fn a_background_loop_keeps_its_tasks_between_calls() {
    let background = Runner::background();
    let task = background.spawn(|| async {
        for _ in 0..3 {
            yield_now().await;
        }
        "output"
    });
    assert_eq!(background.run(|| async { 1 }), 1);
    assert_eq!(task.wait().unwrap(), "output");
}

#[test]
fn a_panic_of_a_future_comes_out_of_background_run_with_its_payload() {
    let background = Runner::background();
    let payload = panic_of(|| background.run(|| async { panic_any(7_u8) }));
    assert_eq!(payload.downcast_ref::<u8>(), Some(&7));
    assert_eq!(background.run(|| async { 1 }), 1, "the loop still works");
}

#[test]
fn background_run_on_its_own_thread_is_refused() {
    let background = Arc::new(Runner::background());
    let inside = Arc::clone(&background);
    let text = background.run(move || async move {
        let text = panic_text(|| inside.run(|| async {}));
        drop(inside);
        text
    });
    assert!(text.contains("the loop's own thread"), "{text}");
}

#[test]
fn a_background_loop_can_be_used_inside_another_loop() {
    let background = Runner::background();
    let value = run(async { background.spawn(|| async { 5 }).await });
    assert_eq!(value.unwrap(), 5);
}

#[test]
fn a_background_loop_can_live_in_a_static_and_keeps_its_tasks_between_calls() {
    static LOOP: OnceLock<Background> = OnceLock::new();
    let background = LOOP.get_or_init(Runner::background);
    let (send, receive) = async_channel::unbounded();
    let sum = background.spawn(move || async move {
        let mut sum = 0;
        while let Ok(n) = receive.recv().await {
            sum += n;
        }
        sum
    });
    for n in 1..=4 {
        let send = send.clone();
        background.run(move || async move { send.send(n).await.unwrap() });
    }
    drop(send);
    assert_eq!(sum.wait().unwrap(), 10);
}

#[test]
fn a_blocking_call_on_the_background_loops_own_thread_is_refused() {
    static LOOP: OnceLock<Background> = OnceLock::new();
    let background = LOOP.get_or_init(Runner::background);
    let nested = || async { LOOP.get().unwrap().run(|| async {}) };
    let error = background.spawn(nested).wait().unwrap_err();
    assert!(error.to_string().contains("would wait for ever"), "{error}");
}

#[test]
fn dropping_a_background_loop_drops_its_tasks_and_waits_for_its_thread() {
    let (dropped, is_dropped) = mpsc::channel();
    let background = Runner::background();
    let left = background.spawn(move || async move {
        let _gone = OnDrop(move || dropped.send(()).unwrap());
        pending::<()>().await;
    });
    background.run(|| async { yield_now().await });
    let handle = background.handle();
    drop(background);
    assert_eq!(
        is_dropped.try_recv(),
        Ok(()),
        "it has happened, not only begun"
    );
    assert!(left.wait().unwrap_err().is_cancelled());
    assert!(handle.spawn(|| async {}).wait().unwrap_err().is_closed());
}
