//! Many jobs, some at a time.
//!
//! **Invariant:** never do more than `workers` run; and when one fails, the
//! others are dropped before its error is given.
//!
//! Called by users. LlamaIndex has `run_jobs` too; there the others run on.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::rc::Rc;

use executor::try_gather;
use first_programs::tell;
use futures::{Stream, StreamExt, TryFutureExt, stream};
use indicatif::{ProgressBar, ProgressStyle};

/// How [`run_jobs`] goes about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunJobs {
    workers: NonZeroUsize,
    progress: Option<String>,
}

impl RunJobs {
    /// So many at a time.
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[track_caller]
    pub fn workers(workers: usize) -> Self {
        let workers = NonZeroUsize::new(workers);
        RunJobs {
            workers: workers.expect("run_jobs with 0 workers would never run anything"),
            progress: None,
        }
    }

    /// Shows how far it is, on stderr: a bar on a terminal, else a line now
    /// and then.
    #[must_use]
    pub fn progress(mut self, label: impl Into<String>) -> Self {
        self.progress = Some(label.into());
        self
    }
}

impl From<usize> for RunJobs {
    fn from(workers: usize) -> Self {
        RunJobs::workers(workers)
    }
}

/// Runs jobs, some at a time, and gives their results in the order of the jobs
/// (LlamaIndex: `run_jobs(jobs, workers=4)`).
///
/// ```
/// use llm_demo::{RunJobs, run_jobs};
///
/// executor::run(async {
///     let squares = (1..=3).map(|n| async move { Ok::<_, String>(n * n) });
///     assert_eq!(run_jobs(squares, RunJobs::workers(2)).await, Ok(vec![1, 4, 9]));
///     let jobs = (1..=3).map(|n| async move { if n == 2 { Err("no twos") } else { Ok(n) } });
///     assert_eq!(run_jobs(jobs, 2).await, Err("no twos"));
/// });
/// ```
///
/// *Cancel safety:* dropping it drops the jobs that run.
///
/// # Errors
///
/// The first one of a job.
pub async fn run_jobs<F, T, E>(
    jobs: impl IntoIterator<Item = F>,
    how: impl Into<RunJobs>,
) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>>,
{
    let how = how.into();
    let jobs: Vec<F> = jobs.into_iter().collect();
    let progress = Rc::new(Progress::new(&how, jobs.len()));
    let jobs = jobs
        .into_iter()
        .map(|job| counted(job, Rc::clone(&progress)));
    try_gather(jobs.collect::<Vec<_>>())
        .limit(how.workers.get())
        .await
}

/// Runs jobs, some at a time, and gives each result with its job's number as
/// soon as it is there. It ends after the first error.
///
/// ```
/// use std::time::Duration;
/// use futures::TryStreamExt;
/// use llm_demo::run_jobs_as_completed;
///
/// let mut runner = executor::Runner::builder().virtual_time().build();
/// runner.run(async {
///     let jobs = [30, 10, 20].map(|ms| async move {
///         executor::sleep(Duration::from_millis(ms)).await;
///         Ok::<_, String>(ms)
///     });
///     let done: Vec<_> = run_jobs_as_completed(jobs, 3).try_collect().await.unwrap();
///     assert_eq!(done, [(1, 10), (2, 20), (0, 30)]);
/// });
/// ```
///
/// *Cancel safety:* dropping it drops the jobs that run.
pub fn run_jobs_as_completed<F, T, E>(
    jobs: impl IntoIterator<Item = F>,
    how: impl Into<RunJobs>,
) -> impl Stream<Item = Result<(usize, T), E>> + Unpin
where
    F: Future<Output = Result<T, E>>,
{
    let how = how.into();
    let jobs: Vec<F> = jobs.into_iter().collect();
    let progress = Rc::new(Progress::new(&how, jobs.len()));
    let jobs = jobs.into_iter().enumerate().map(move |(number, job)| {
        counted(job, Rc::clone(&progress)).map_ok(move |result| (number, result))
    });
    let running = stream::iter(jobs).buffer_unordered(how.workers.get());
    let until_error = stream::unfold(Some(running), async |running| {
        let mut running = running?;
        let result = running.next().await?;
        let rest = result.is_ok().then_some(running);
        Some((result, rest))
    });
    Box::pin(until_error)
}

/// An `async fn` would hold the job twice: as its argument, and as what it
/// awaits.
fn counted<F, T, E>(job: F, progress: Rc<Progress>) -> impl Future<Output = Result<T, E>>
where
    F: Future<Output = Result<T, E>>,
{
    job.inspect_ok(move |_| progress.step())
}

/// How far it is.
enum Progress {
    Silent,
    /// Drawn when a job is done: a thread that redraws it would be the only
    /// other one.
    Bar(ProgressBar),
    Lines {
        label: String,
        done: std::cell::Cell<usize>,
        of: usize,
    },
}

impl Progress {
    fn new(how: &RunJobs, of: usize) -> Self {
        let Some(label) = how.progress.clone() else {
            return Progress::Silent;
        };
        if !io::stderr().is_terminal() {
            let done = std::cell::Cell::new(0);
            return Progress::Lines { label, done, of };
        }
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}, {elapsed}");
        let style = style
            .expect("the template is well-formed")
            .progress_chars("=> ");
        let bar = ProgressBar::new(of as u64)
            .with_message(label)
            .with_style(style);
        bar.tick();
        Progress::Bar(bar)
    }

    fn step(&self) {
        match self {
            Progress::Silent => {}
            Progress::Bar(bar) => bar.inc(1),
            Progress::Lines { label, done, of } => {
                done.set(done.get() + 1);
                // Ten lines at most.
                if done.get() == *of || done.get() % of.div_ceil(10) == 0 {
                    tell(format_args!("{label}: {} of {of}", done.get()));
                }
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Progress::Bar(bar) = self {
            bar.finish_and_clear(); // what is said next begins a line
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_count_a_job_takes_no_second_place_for_it() {
        let job = async {
            let state = [0_u8; 4096];
            executor::yield_now().await;
            Ok::<_, ()>(state)
        };
        let alone = size_of_val(&job);
        let progress = Rc::new(Progress::Silent);
        assert!(size_of_val(&counted(job, progress)) <= alone + 16);
    }
}
