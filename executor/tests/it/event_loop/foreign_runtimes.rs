//! Futures that belong to another runtime.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use executor::{run, sleep, spawn};

const MS: Duration = Duration::from_millis(1);

#[test]
fn c283_a_sleep_of_tokios_without_its_runtime_is_a_panic_of_its_task_in_tokios_words() {
    run(async {
        let error = spawn(async { tokio::time::sleep(MS).await })
            .await
            .unwrap_err();
        assert!(error.is_panic());
        let text = error.to_string();
        assert!(text.contains("no reactor running"), "{text}");
        assert!(
            text.contains("foreign_runtimes.rs"),
            "it names the task: {text}"
        );
        sleep(MS).await;
    });
}

/// Its timers fire on a thread of its own; what they wake is a task of ours.
#[test]
fn c283_a_sleep_of_tokios_ends_while_a_runtime_of_its_is_entered_and_runs() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let handle = runtime.handle().clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (running, is_running) = mpsc::channel();
    let theirs = std::thread::spawn(move || {
        runtime.block_on(async {
            running.send(()).unwrap();
            let _ = stopped.await;
        });
    });
    is_running.recv().unwrap();
    let before = Instant::now();
    run(async {
        let _entered = handle.enter();
        spawn(async { tokio::time::sleep(MS).await }).await.unwrap();
    });
    assert!(before.elapsed() >= MS);
    stop.send(()).unwrap();
    theirs.join().unwrap();
}
