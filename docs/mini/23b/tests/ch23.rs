//! What chapter 23 promises.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::mini::{RunError, Runner, run, sleep, spawn, timeout, to_thread, try_run, yield_now};

/// Writes its number into a list when it is dropped.
struct Noted(u32, Rc<RefCell<Vec<u32>>>);

impl Drop for Noted {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

#[test]
fn what_is_left_is_dropped_the_youngest_first() {
    let list = Rc::default();
    Runner::virtual_time().run(async {
        for n in 1..=3 {
            let noted = Noted(n, Rc::clone(&list));
            spawn(async move {
                sleep(Duration::from_secs(n.into())).await;
                drop(noted);
            });
        }
        yield_now().await;
    });
    assert_eq!(*list.borrow(), [3, 2, 1]);
}

fn flag() -> Arc<AtomicBool> {
    Arc::default()
}

#[test]
fn run_waits_for_a_call_that_a_thread_still_makes() {
    let (has_begun, has_ended) = (flag(), flag());
    let (begun, ended) = (Arc::clone(&has_begun), Arc::clone(&has_ended));
    run(async {
        spawn(to_thread(move || {
            begun.store(true, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(50));
            ended.store(true, Ordering::SeqCst);
        }));
        while !has_begun.load(Ordering::SeqCst) {
            yield_now().await;
        }
    });
    assert!(has_ended.load(Ordering::SeqCst));
}

#[test]
fn a_loop_in_which_nothing_can_happen_says_which_tasks_wait() {
    let result = try_run(async {
        let waits = spawn(pending::<()>());
        waits.await.unwrap();
    });
    let Err(RunError::Stalled(tasks)) = result else {
        panic!("it has not stalled");
    };
    assert_eq!(tasks[0], "the main future");
    assert!(tasks[1].starts_with("task 2 of "), "{}", tasks[1]);
    assert!(tasks[1].contains("ch23.rs"), "{}", tasks[1]);
    assert_eq!(tasks.len(), 2);
}

#[test]
fn a_loop_that_waits_for_a_timer_has_not_stalled() {
    let mut runner = Runner::virtual_time();
    let waits = timeout(Duration::from_secs(1), pending::<()>());
    assert!(runner.try_run(waits).unwrap().is_err());
}
