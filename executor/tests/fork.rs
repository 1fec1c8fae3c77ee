//! A process that forks while its loop runs (C020).
//!
//! The child has a copy of the loop, but none of the threads that would wake
//! it. What is pinned: the child is told so, in a clear text, where the loop
//! would go to sleep; it may start a loop of its own; and the parent's loop
//! goes on as if nothing had happened.
//!
//! This is a program of its own, without the test harness, because the threads
//! of a harness may hold locks at the moment of the fork.

#[cfg(unix)]
fn main() {
    if std::env::args().any(|argument| argument == unix::PS) {
        return unix::fork_with_a_socket();
    }
    unix::c020_a_forked_child_is_refused_and_may_start_a_fresh_loop();
    unix::c020_a_child_of_a_loop_with_a_thread_job_is_refused();
    unix::c020_a_child_of_a_loop_that_never_slept_has_a_loop_of_its_own();
    unix::c020_a_runner_that_has_run_in_the_parent_is_refused_in_the_child();
    unix::c020_a_runner_that_was_only_built_before_the_fork_works_in_the_child();
    unix::a_forked_child_leaves_its_parents_socket_alone_and_has_one_of_its_own();
    println!("fork: ok");
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod unix {
    use std::any::Any;
    use std::cell::RefCell;
    use std::fs::{self, DirBuilder};
    use std::future::{poll_fn, ready};
    use std::io::{Read, Write};
    use std::os::unix::fs::DirBuilderExt;
    use std::os::unix::net::UnixStream;
    use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
    use std::path::Path;
    use std::process::{self, Command};
    use std::sync::mpsc;
    use std::task::Poll;
    use std::time::Duration;

    use executor::{Handle, Runner, run, sleep, spawn, to_thread};
    use fork::{Fork, fork, waitpid};

    const NAP: Duration = Duration::from_millis(1);
    /// A sleep that is never over before the loop would begin it. A child that
    /// must be refused asks for it, and is refused at once.
    const LONG: Duration = Duration::from_secs(120);

    thread_local! {
        /// In a child that forked inside a run: where it reports to.
        static CHILD: RefCell<Option<UnixStream>> = const { RefCell::new(None) };
    }

    /// The two processes after a fork.
    enum Side {
        Parent { child: i32, report: UnixStream },
        Child { report: UnixStream },
    }

    fn fork_here() -> Side {
        let (here, there) = UnixStream::pair().expect("a pair of sockets");
        match fork().expect("the process forks") {
            Fork::Parent(child) => Side::Parent {
                child,
                report: here,
            },
            Fork::Child => {
                // A panic in the child is expected: it goes into the report.
                set_hook(Box::new(|_| ()));
                Side::Child { report: there }
            }
        }
    }

    /// In the parent: what the child said before it ended.
    fn words_of(child: i32, mut report: UnixStream) -> String {
        let mut words = String::new();
        // A child that hangs is a failure, not a hanging test.
        let limit = Duration::from_secs(60);
        report.set_read_timeout(Some(limit)).expect("a limit");
        let read = report.read_to_string(&mut words);
        read.expect("the child ends and closes its side");
        waitpid(child).expect("it is our child");
        words
    }

    /// In the child: says what happened, and ends without running the
    /// parent's destructors.
    fn say(mut report: UnixStream, words: &str) -> ! {
        let sent = report.write_all(words.as_bytes());
        process::exit(i32::from(sent.is_err()));
    }

    fn text_of(panic: &(dyn Any + Send)) -> String {
        match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
            (Some(text), _) => text.clone(),
            (_, Some(text)) => text.to_string(),
            _ => "a panic without text".into(),
        }
    }

    /// What a program in the child says: its value, or its panic.
    fn outcome(program: impl FnOnce() -> String) -> String {
        catch_unwind(AssertUnwindSafe(program)).unwrap_or_else(|panic| text_of(&*panic))
    }

    /// A whole run: tasks and a sleep.
    fn a_fresh_run() -> String {
        run(async {
            let task = spawn(async {
                sleep(NAP).await;
                "a fresh loop works"
            });
            task.await.expect("it returns").to_string()
        })
    }

    const REFUSAL: &str = "this loop belongs to the process that made it, and this is a forked \
                           child of that: it cannot go on with its parent's loop. Start a new one \
                           there with `executor::run(..)`, or fork before the loop runs";

    /// After this the loop has slept. A machine that stands still for as long
    /// as a nap takes finds it over before the loop begins to sleep; it does
    /// not do so fifty times in a row.
    async fn naps() {
        for _ in 0..50 {
            sleep(NAP).await;
        }
    }

    /// Runs a main future that does `before`, forks, and then sleeps, in the
    /// child for `childs_sleep`. In the parent it gives what the child said:
    /// how the run ended there, and that a fresh one works.
    fn fork_inside_a_run(before: impl Future<Output = ()>, childs_sleep: Duration) -> String {
        let program = AssertUnwindSafe(|| {
            run(async {
                before.await;
                let background = spawn(async {
                    sleep(NAP).await;
                    "the background task goes on"
                });
                let parent = match fork_here() {
                    Side::Parent { child, report } => Some((child, report)),
                    Side::Child { report } => {
                        // The way to report must outlive this future.
                        CHILD.set(Some(report));
                        None
                    }
                };
                sleep(if parent.is_some() { NAP } else { childs_sleep }).await;
                let words = background.await.expect("it returns");
                (parent, words)
            })
        });
        let result = catch_unwind(program);
        if let Some(report) = CHILD.take() {
            let first = match result {
                Ok((_, words)) => words.to_string(),
                Err(panic) => text_of(&*panic),
            };
            assert!(Handle::try_current().is_none());
            let second = outcome(a_fresh_run);
            say(report, &format!("{first}\n{second}"));
        }
        let (parent, words) = result.expect("the parent's run ends well");
        assert_eq!(words, "the background task goes on");
        let (child, report) = parent.expect("this is the parent");
        words_of(child, report)
    }

    pub(super) fn c020_a_forked_child_is_refused_and_may_start_a_fresh_loop() {
        let words = fork_inside_a_run(naps(), LONG);
        assert_eq!(words, format!("{REFUSAL}\na fresh loop works"));
    }

    pub(super) fn c020_a_child_of_a_loop_with_a_thread_job_is_refused() {
        // The job's thread is not in the child: its end would never come, and
        // the child must not wait for it when it unwinds either.
        let (end, ended) = mpsc::channel::<()>();
        let mut job = Box::pin(to_thread(move || ended.recv().is_ok()));
        let submits = poll_fn(|cx| {
            assert!(job.as_mut().poll(cx).is_pending());
            // The parent's end of the loop waits for the job.
            let _ = end.send(());
            Poll::Ready(())
        });
        let words = fork_inside_a_run(submits, LONG);
        assert_eq!(words, format!("{REFUSAL}\na fresh loop works"));
    }

    /// DESIGN: the process is compared only before the loop sleeps, and it is
    /// noted when the loop first depends on another thread. Before that the
    /// child's copy is complete, and goes on.
    pub(super) fn c020_a_child_of_a_loop_that_never_slept_has_a_loop_of_its_own() {
        let words = fork_inside_a_run(ready(()), NAP);
        assert_eq!(words, "the background task goes on\na fresh loop works");
    }

    pub(super) fn c020_a_runner_that_has_run_in_the_parent_is_refused_in_the_child() {
        let mut runner = Runner::new();
        runner.run(naps());
        match fork_here() {
            Side::Parent { child, report } => {
                assert_eq!(words_of(child, report), REFUSAL);
                runner.run(sleep(NAP));
            }
            Side::Child { report } => {
                let words = outcome(|| {
                    runner.run(sleep(LONG));
                    "it ran".into()
                });
                say(report, &words);
            }
        }
    }

    pub(super) fn c020_a_runner_that_was_only_built_before_the_fork_works_in_the_child() {
        let mut runner = Runner::new();
        match fork_here() {
            Side::Parent { child, report } => {
                assert_eq!(words_of(child, report), "it ran");
                runner.run(sleep(NAP));
            }
            Side::Child { report } => {
                let words = outcome(|| {
                    runner.run(sleep(NAP));
                    "it ran".into()
                });
                say(report, &words);
            }
        }
    }

    /// The argument that asks this program for [`fork_with_a_socket`].
    pub(super) const PS: &str = "--fork-with-a-socket";

    /// `EXECUTOR_PS` is looked at once per process: in one of its own.
    pub(super) fn a_forked_child_leaves_its_parents_socket_alone_and_has_one_of_its_own() {
        let folder = std::env::temp_dir().join(format!("xfork-{}", process::id()));
        let made = DirBuilder::new().mode(0o700).create(&folder);
        made.expect("a folder of its own");
        let program = std::env::current_exe().expect("a test knows its own program");
        let status = Command::new(program)
            .arg(PS)
            .env("EXECUTOR_PS", "1")
            .env("XDG_RUNTIME_DIR", &folder)
            .env("TMPDIR", &folder)
            .status();
        fs::remove_dir_all(&folder).expect("the folder is there");
        assert!(status.expect("it runs").success());
    }

    pub(super) fn fork_with_a_socket() {
        let folder = std::env::var_os("XDG_RUNTIME_DIR").expect("it was given");
        let folder = Path::new(&folder).join("executor-ps");
        let has_socket = |pid: u32| folder.join(format!("{pid}.sock")).exists();
        let parent = process::id();
        let runner = Runner::new();
        assert!(has_socket(parent));
        match fork_here() {
            Side::Child { report } => {
                drop(runner);
                let own = run(async { has_socket(process::id()) });
                say(report, &format!("{} {own}", has_socket(parent)));
            }
            Side::Parent { child, report } => {
                assert_eq!(words_of(child, report), "true true");
            }
        }
        assert!(has_socket(parent));
    }
}
