//! What chapter 16 promises.

use std::cell::Cell;
use std::future::pending;
use std::rc::Rc;

use crate::mini::{run, spawn, yield_now};

/// Starts a task when it is dropped.
struct SpawnsOnDrop(Rc<Cell<bool>>);

impl Drop for SpawnsOnDrop {
    fn drop(&mut self) {
        let started = Rc::clone(&self.0);
        spawn(async move { started.set(true) });
    }
}

#[test]
fn a_destructor_of_a_cancelled_task_may_use_the_loop() {
    let started = Rc::new(Cell::new(false));
    run(async {
        let guard = SpawnsOnDrop(Rc::clone(&started));
        let task = spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        yield_now().await;
        assert!(task.cancel() && !task.cancel());
        assert!(task.await.unwrap_err().is_cancelled());
        yield_now().await;
    });
    assert!(started.get());
}

#[test]
fn a_panic_reaches_the_handle_and_no_other_task() {
    run(async {
        let broken = spawn(async { assert_eq!(1, 2) });
        let other = spawn(async { 7 });
        let error = broken.await.unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(other.await.unwrap(), 7);
    });
}
