//! Many jobs, some at a time.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use executor::{Runner, now, sleep};
use futures::StreamExt;
use llm_demo::{RunJobs, run_jobs, run_jobs_as_completed};

/// What the jobs of a test did.
#[derive(Default)]
struct Ledger {
    running: Cell<usize>,
    most: Cell<usize>,
    finished: RefCell<Vec<u64>>,
}

/// Counts down when a job ends or is dropped.
struct Running(Rc<Ledger>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get() - 1);
    }
}

async fn job(seconds: u64, ledger: Rc<Ledger>) -> Result<u64, String> {
    ledger.running.set(ledger.running.get() + 1);
    ledger.most.set(ledger.most.get().max(ledger.running.get()));
    let _running = Running(Rc::clone(&ledger));
    sleep(Duration::from_secs(seconds)).await;
    if seconds == 13 {
        return Err("thirteen".into());
    }
    ledger.finished.borrow_mut().push(seconds);
    Ok(seconds)
}

fn jobs(seconds: &[u64]) -> (Vec<impl Future<Output = Result<u64, String>>>, Rc<Ledger>) {
    let ledger = Rc::new(Ledger::default());
    let jobs = seconds
        .iter()
        .map(|seconds| job(*seconds, Rc::clone(&ledger)));
    (jobs.collect(), ledger)
}

fn virtually<F: Future>(program: F) -> F::Output {
    Runner::builder().virtual_time().build().run(program)
}

#[test]
fn results_come_in_the_order_of_the_jobs_and_never_too_many_run() {
    let (jobs, ledger) = jobs(&[5, 1, 4, 2, 3]);
    let took = virtually(async {
        let begun = now();
        assert_eq!(
            run_jobs(jobs, RunJobs::workers(2)).await,
            Ok(vec![5, 1, 4, 2, 3])
        );
        now() - begun
    });
    assert_eq!(ledger.most.get(), 2);
    assert_eq!(*ledger.finished.borrow(), [1, 5, 4, 2, 3]);
    assert_eq!(took, Duration::from_secs(8));
}

#[test]
fn the_first_error_drops_the_jobs_that_run_and_starts_no_more() {
    let (jobs, ledger) = jobs(&[1, 13, 20, 30, 40]);
    let took = virtually(async {
        let begun = now();
        assert_eq!(run_jobs(jobs, 3).await, Err("thirteen".into()));
        assert_eq!(
            ledger.running.get(),
            0,
            "all are gone before the error is given"
        );
        now() - begun
    });
    assert_eq!(*ledger.finished.borrow(), [1]);
    assert_eq!(took, Duration::from_secs(13));
}

#[test]
fn as_completed_gives_each_result_when_it_is_there() {
    let (jobs, ledger) = jobs(&[3, 1, 2]);
    let results: Vec<_> = virtually(run_jobs_as_completed(jobs, 2).collect());
    assert_eq!(results, [Ok((1, 1)), Ok((0, 3)), Ok((2, 2))]);
    assert_eq!(ledger.most.get(), 2);
}

#[test]
fn as_completed_ends_with_the_first_error() {
    let (jobs, ledger) = jobs(&[20, 13, 1]);
    let results: Vec<_> = virtually(run_jobs_as_completed(jobs, 3).collect());
    assert_eq!(results, [Ok((2, 1)), Err("thirteen".to_owned())]);
    assert_eq!(ledger.running.get(), 0);
}

#[test]
fn no_jobs_have_no_results() {
    let (jobs, _) = jobs(&[]);
    assert_eq!(virtually(run_jobs(jobs, 4)), Ok(vec![]));
}

#[test]
#[should_panic(expected = "run_jobs with 0 workers would never run anything")]
fn no_workers_are_refused() {
    let _ = RunJobs::workers(0);
}
