//! Model checks of a call on a thread: it runs once, or it is abandoned.
//!
//! **Invariant:** each check of the real order is beside one of a wrong order,
//! which the checker must find.
//!
//! Bounds: the loop and one thread, two calls, at most three preemptions.

use loom::thread;

use super::*;
use crate::base::slab::{Slab, kind};
use crate::base::sys::modelled::{allow, explore};
use crate::base::sys::{AtomicUsize, Ordering};

/// Returns a call that counts how often it runs, and reports its end to `home`.
fn counting_call(home: &Arc<Inbox>, key: JobKey, runs: &Arc<AtomicUsize>) -> Arc<dyn Job> {
    let runs = Arc::clone(runs);
    let call = move || runs.fetch_add(1, Ordering::Relaxed);
    let call = Call::new(call);
    call.queue(Home {
        context: ContextMap::EMPTY,
        inbox: Arc::clone(home),
        thread: this_thread(),
        key,
    });
    Arc::new(call)
}

#[test]
fn each_call_runs_once_and_reports_its_end() {
    explore(|| {
        allow(usize::MAX, 0);
        let (home, parker) = Inbox::with_parker();
        let runs = Arc::new(AtomicUsize::new(0));
        let mut keys = Slab::<{ kind::JOB }, ()>::default();
        let pool = ThreadPool::new(1);
        for _ in 0..2 {
            let call = counting_call(&home, keys.insert(()), &runs);
            pool.submit(call).expect("a thread can be started");
        }
        let mut ended = 0;
        while ended < 2 {
            ended += home.wait_for_messages(&parker).len();
        }
        pool.join();
        assert_eq!(runs.load(Ordering::Relaxed), 2, "each call runs once");
    });
}

/// A call is abandoned while a thread is about to run it. Either it runs and
/// reports its end, or neither; and `abandon` returns which.
fn abandoned_or_run(abandon: fn(&dyn Job, &AtomicUsize) -> bool) {
    let (home, _) = Inbox::with_parker();
    let runs = Arc::new(AtomicUsize::new(0));
    let key = Slab::<{ kind::JOB }, ()>::default().insert(());
    let call = counting_call(&home, key, &runs);
    let running = {
        let call = Arc::clone(&call);
        thread::spawn(move || call.run())
    };
    let abandoned = abandon(&*call, &runs);
    running.join().unwrap();
    let (ran, reported) = (runs.load(Ordering::Relaxed), home.has_messages());
    let truth = match abandoned {
        false => (1, true),
        true => (0, false),
    };
    assert_eq!((ran, reported), truth, "what became of the call");
}

#[test]
fn an_abandoned_call_has_run_or_never_does() {
    explore(|| abandoned_or_run(|call, _| call.abandon()));
}

#[test]
#[should_panic(expected = "what became of the call")]
fn a_decision_before_the_call_is_abandoned_is_caught() {
    explore(|| {
        abandoned_or_run(|call, runs| {
            let looked = runs.load(Ordering::Relaxed);
            call.abandon();
            looked == 0
        });
    });
}
