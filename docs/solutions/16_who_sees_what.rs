//! How a task ended, as its handle sees it, and when.

use std::cell::RefCell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::ExitCode;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use docs::Exercise;

type Log = Rc<RefCell<Vec<&'static str>>>;

/// A variable of the task, with a destructor.
struct Variable(Log);

impl Drop for Variable {
    fn drop(&mut self) {
        self.0.borrow_mut().push("dropped");
    }
}

/// Says to the handle how the task ended.
struct End {
    handle: Log,
    outcome: Option<&'static str>,
}

impl Drop for End {
    fn drop(&mut self) {
        let outcome = self.outcome.unwrap_or("cancelled");
        self.handle.borrow_mut().push(outcome);
    }
}

struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
    /// Dropped last.
    end: End,
}

/// Polls the task once, and drops it.
fn run_once(mut task: Task) {
    let mut cx = Context::from_waker(Waker::noop());
    let poll = || task.future.as_mut().poll(&mut cx);
    task.end.outcome = match catch_unwind(AssertUnwindSafe(poll)) {
        Ok(Poll::Ready(())) => Some("returned"),
        Ok(Poll::Pending) => None,
        Err(_) => Some("panicked"),
    };
}

/// What the handle sees of a task with one variable.
fn story(work: impl Future<Output = ()> + 'static) -> Vec<&'static str> {
    let log = Log::default();
    let (handle, variable) = (Rc::clone(&log), Variable(Rc::clone(&log)));
    let future = async move {
        let _variable = variable;
        work.await;
    };
    let end = End {
        handle,
        outcome: None,
    };
    run_once(Task {
        end,
        future: Box::pin(future),
    });
    log.take()
}

fn main() -> ExitCode {
    let hint = "`outcome` is `None` only for a task that did not get to its end";
    Exercise::new(hint).judge("the poll", || {
        let stories = [
            ("returned", story(async {})),
            ("panicked", story(async { panic!("on purpose") })),
            ("was cancelled", story(pending())),
        ];
        for (outcome, seen) in stories {
            if seen != ["dropped", outcome.trim_start_matches("was ")] {
                return Err(format!("the handle of a task that {outcome} saw {seen:?}"));
            }
        }
        Ok(())
    })
}
