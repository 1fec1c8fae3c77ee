//! Foreign code that calls back: wakers, destructors, closures, `Display` and
//! instruments that spawn, wake, list, drop handles, close another runner and run
//! another loop. Nothing of the loop's is borrowed or locked while they run.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use executor::instrument::{Event as Traced, Instrument, mark};
use executor::sync::{Event, Lock, Queue, Semaphore};
use executor::{
    ContextVar, Handle, JoinHandle, RunError, Runner, as_completed, cancelled, current_task,
    gather, interval, run, scope, sleep, spawn, spawn_named, task_tree, tasks, timeout, to_thread,
    try_run, yield_now,
};

use crate::common::{must_end, poll_once};

const MS: Duration = Duration::from_millis(1);

static NUMBER: ContextVar<u32> = ContextVar::new("number");

thread_local! {
    static CALLS: Cell<u32> = const { Cell::new(0) };
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// A waker of a task, and a handle of one that runs.
    static WAKER: RefCell<Option<Waker>> = const { RefCell::new(None) };
    static TASK: RefCell<Option<JoinHandle<()>>> = const { RefCell::new(None) };
}

/// Calls back into everything that this thread reaches.
fn call_back() {
    CALLS.set(CALLS.get() + 1);
    if DEPTH.get() > 0 {
        return; // by code that this function runs
    }
    DEPTH.set(1);
    let listed = tasks();
    assert_eq!(task_tree().lines().count(), listed.len());
    let _ = current_task();
    NUMBER.set(NUMBER.get().unwrap_or(0) + 1);
    if let Some(handle) = Handle::try_current() {
        drop(handle.spawn(|| async {}));
        drop(spawn_named("called back", yield_now()));
        let former = TASK.replace(Some(spawn(pending())));
        let former = former.inspect(|task| {
            task.cancel();
        });
        drop(former);
        assert!(matches!(try_run(async {}), Err(RunError::AlreadyRunning)));
    }
    let waker = WAKER.with_borrow(Clone::clone);
    waker.inspect(Waker::wake_by_ref);
    let mut other = Runner::builder().virtual_time().build();
    drop(other.spawn(pending::<()>()));
    other.close();
    drop(Runner::new());
    let lock = Lock::new(0);
    assert!(lock.try_lock().is_some());
    DEPTH.set(0);
}

/// Calls back at each wake, and when it is dropped.
struct CallsBack;

impl Wake for CallsBack {
    fn wake(self: Arc<Self>) {
        call_back();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        call_back();
    }
}

impl Drop for CallsBack {
    fn drop(&mut self) {
        call_back();
    }
}

fn waker() -> Waker {
    Waker::from(Arc::new(CallsBack))
}

/// Ends the thread's part in the test, so that nothing is left for its exit.
fn forget_all() {
    drop(WAKER.take());
    drop(TASK.take());
}

type Boxed = Pin<Box<dyn Future<Output = ()>>>;

fn boxed(future: impl Future<Output = ()> + 'static) -> Boxed {
    Box::pin(future)
}

/// What ends each wait.
#[derive(Clone, Default)]
struct Ends {
    event: Rc<Event>,
    lock: Rc<Lock<()>>,
    semaphore: Rc<Semaphore0>,
    queue: Rc<Queue0>,
}

struct Semaphore0(Semaphore);
impl Default for Semaphore0 {
    fn default() -> Self {
        Semaphore0(Semaphore::new(0))
    }
}

struct Queue0(Queue<u8>);
impl Default for Queue0 {
    fn default() -> Self {
        Queue0(Queue::new(1))
    }
}

/// A wait of each kind.
fn each_wait(ends: &Ends) -> Vec<(&'static str, Boxed)> {
    let all = waits_without_sockets(ends).into_iter();
    #[cfg(all(unix, feature = "net"))]
    let all = all.chain(socket_waits());
    all.collect()
}

/// Waits of futures and of the poll traits for a socket; they give up after a
/// while.
#[cfg(all(unix, feature = "net"))]
fn socket_waits() -> [(&'static str, Boxed); 3] {
    use executor::net::{TcpListener, UdpSocket, UnixStream};
    use futures::io::AsyncReadExt;
    let datagram = async {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        assert!(timeout(MS, socket.recv_from(&mut [0])).await.is_err());
    };
    let connection = async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        assert!(timeout(MS, listener.accept()).await.is_err());
    };
    let read = async {
        let (ours, _theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut ours = UnixStream::from_std(ours).unwrap();
        assert!(timeout(MS, ours.read(&mut [0])).await.is_err());
    };
    [
        ("a datagram", boxed(datagram)),
        ("a connection", boxed(connection)),
        ("a read", boxed(read)),
    ]
}

fn waits_without_sockets(ends: &Ends) -> Vec<(&'static str, Boxed)> {
    let all = || ends.clone();
    let events = |n: usize| {
        let ends = all();
        (0..n)
            .map(move |_| {
                let event = ends.event.clone();
                boxed(async move { event.wait().await })
            })
            .collect::<Vec<_>>()
    };
    let (a, b, c, d, e) = (all(), all(), all(), all(), all());
    vec![
        ("a sleep", boxed(sleep(MS))),
        (
            "a timeout",
            boxed(async { assert!(timeout(MS, pending::<()>()).await.is_err()) }),
        ),
        (
            "an interval",
            boxed(async {
                let mut ticks = interval(MS);
                ticks.tick().await;
                ticks.tick().await;
            }),
        ),
        ("a task", boxed(async { spawn(sleep(MS)).await.unwrap() })),
        (
            "a remote task",
            boxed(async {
                Handle::current().spawn(|| sleep(MS)).await.unwrap();
            }),
        ),
        ("a thread", boxed(to_thread(|| std::thread::sleep(MS)))),
        ("an event", boxed(async move { a.event.wait().await })),
        ("a lock", boxed(async move { drop(b.lock.lock().await) })),
        (
            "a permit",
            boxed(async move { drop(c.semaphore.0.acquire().await) }),
        ),
        (
            "an item",
            boxed(async move { assert!(d.queue.0.get().await.is_ok()) }),
        ),
        (
            "a queue's end",
            boxed(async move { e.queue.0.join().await }),
        ),
        (
            "a small gather",
            boxed({
                let all = events(3);
                async { drop(gather(all).await) }
            }),
        ),
        (
            "a large gather",
            boxed({
                let all = events(40);
                async { drop(gather(all).await) }
            }),
        ),
        (
            "a gather with a limit",
            boxed({
                let all = events(4);
                async { drop(gather(all).limit(2).await) }
            }),
        ),
        (
            "as_completed",
            boxed({
                let all = events(3);
                async {
                    let mut all = as_completed(all);
                    while all.next().await.is_some() {}
                }
            }),
        ),
        (
            "a scope",
            boxed({
                let all = events(2);
                async {
                    scope(async |s| {
                        for event in all {
                            s.spawn(event);
                        }
                    })
                    .await;
                }
            }),
        ),
        ("a yield", boxed(yield_now())),
    ]
}

/// Polls a future once with a waker.
fn poll_with(future: &mut Boxed, waker: &Waker) -> Poll<()> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// Prepares what `call_back` uses, within a task.
async fn prepare() {
    poll_fn(|cx| {
        WAKER.set(Some(cx.waker().clone()));
        Poll::Ready(())
    })
    .await;
}

#[test]
fn a_waker_may_call_back_where_it_is_woken_replaced_and_dropped() {
    must_end(|| {
        run(async {
            prepare().await;
            let ends = Ends::default();
            let guard = ends.lock.try_lock().expect("it is free");
            ends.queue.0.try_put(1).unwrap();
            let taken = ends.queue.0.try_get();
            assert_eq!(taken, Ok(1));
            let mut waits = each_wait(&ends);
            for (name, wait) in &mut waits {
                // Polled with two wakers in turn: the first is replaced.
                for _ in 0..3 {
                    let polled = poll_with(wait, &waker());
                    let is_short = matches!(*name, "a yield" | "an interval" | "a remote task");
                    assert!(polled.is_pending() || is_short, "{name}");
                    if polled.is_ready() {
                        *wait = boxed(pending());
                        break;
                    }
                }
            }
            let before = CALLS.get();
            ends.event.set();
            drop(guard);
            ends.semaphore.0.add_permits(1);
            ends.queue.0.try_put(2).unwrap();
            ends.queue.0.task_done();
            ends.queue.0.close();
            assert!(CALLS.get() > before + 10, "they were woken");
            sleep(MS * 20).await;
            drop(waits);
            forget_all();
            yield_now().await;
            assert_eq!(spawn(async { 7 }).await.unwrap(), 7);
        });
    });
}

#[test]
fn a_waker_may_call_back_where_its_wait_is_dropped() {
    must_end(|| {
        run(async {
            prepare().await;
            let ends = Ends::default();
            let _guard = ends.lock.try_lock().expect("it is free");
            ends.queue.0.try_put(1).unwrap();
            assert_eq!(ends.queue.0.try_get(), Ok(1));
            for (name, mut wait) in each_wait(&ends) {
                let before = CALLS.get();
                if poll_with(&mut wait, &waker()).is_pending() {
                    let _ = poll_with(&mut wait, &waker());
                }
                drop(wait);
                assert!(CALLS.get() > before + 1, "{name}");
            }
            forget_all();
            yield_now().await;
            assert_eq!(spawn(async { 7 }).await.unwrap(), 7);
        });
    });
}

/// The wakers are left to the end of the loop.
#[test]
fn a_waker_may_call_back_at_the_end_of_the_loop() {
    must_end(|| {
        let ends = Ends::default();
        let guard = ends.lock.try_lock().expect("it is free");
        run(async {
            prepare().await;
            for (_, mut wait) in each_wait(&ends) {
                drop(spawn(async move {
                    let _ = poll_with(&mut wait, &waker());
                    pending::<()>().await;
                    drop(wait);
                }));
            }
            let mut handles = Vec::new();
            for _ in 0..3 {
                let mut task = spawn(pending::<()>());
                let _ = Pin::new(&mut task).poll(&mut Context::from_waker(&waker()));
                handles.push(task);
            }
            drop(spawn(async move {
                let _kept = handles;
                pending::<()>().await;
            }));
            yield_now().await;
            yield_now().await;
        });
        drop(guard);
        forget_all();
    });
}

#[test]
fn a_request_to_stop_may_call_back() {
    must_end(|| {
        run(async {
            prepare().await;
            let task = spawn(async {
                let mut stop = Box::pin(cancelled());
                let waker = waker();
                let polled = stop.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(polled.is_pending());
                drop(waker);
                pending::<()>().await;
            });
            yield_now().await;
            let before = CALLS.get();
            assert!(task.cancel_within(MS).await.unwrap_err().is_cancelled());
            assert!(CALLS.get() > before);
            forget_all();
        });
    });
}

/// A waker of a member that is woken while a foreign waker waits for the set.
#[test]
fn a_waker_may_close_a_runner_while_a_child_of_a_scope_is_woken() {
    must_end(|| {
        run(async {
            prepare().await;
            let event = Rc::new(Event::new());
            let waits = event.clone();
            let mut scoped = boxed(async move {
                scope(async |s| {
                    let waits = &waits;
                    s.spawn(async move { waits.wait().await });
                })
                .await;
            });
            for _ in 0..2 {
                assert!(poll_with(&mut scoped, &waker()).is_pending());
            }
            let before = CALLS.get();
            event.set();
            assert!(CALLS.get() > before);
            assert!(poll_with(&mut scoped, &waker()).is_ready());
            forget_all();
        });
    });
}

/// Calls back when it is dropped or cloned.
struct Value;

impl Clone for Value {
    fn clone(&self) -> Self {
        call_back();
        Value
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        call_back();
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        call_back();
        f.write_str("a value")
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        call_back();
        f.write_str("Value")
    }
}

static VALUE: ContextVar<Value> = ContextVar::new("value");

#[test]
fn a_destructor_may_call_back_wherever_the_loop_runs_it() {
    must_end(|| {
        let mut runner = Runner::new();
        runner.run(async {
            prepare().await;
            // An output that is not read, before and after its handle is dropped.
            drop(spawn(async { Value }));
            let task = spawn(async { Value });
            yield_now().await;
            yield_now().await;
            drop(task);
            // A future that is cancelled; one that panics; a payload.
            let task = spawn(async {
                let _value = Value;
                pending::<()>().await;
            });
            yield_now().await;
            task.cancel();
            assert!(task.await.unwrap_err().is_cancelled());
            drop(spawn(async { std::panic::panic_any(Value) }));
            yield_now().await;
            yield_now().await;
            // Context variables: replaced, left by a task, left by a thread.
            VALUE.set(Value);
            VALUE.set(Value);
            assert!(VALUE.get().is_some());
            spawn(async { VALUE.set(Value) }).await.unwrap();
            to_thread(|| drop(Value)).await;
            // A call that does not start; results that are not read.
            let mut call = to_thread(|| Value);
            assert!(poll_once(&mut call).await.is_pending());
            drop(call);
            let remote = Handle::current().spawn(|| async { Value });
            while !remote.is_finished() {
                yield_now().await;
            }
            drop(remote);
            // Members of sets, children of scopes.
            let value = || async {
                let _value = Value;
                pending::<()>().await;
            };
            let many = (0..40).map(|_| value()).collect::<Vec<_>>();
            assert!(timeout(MS, gather(many)).await.is_err());
            let scoped = scope(async |s| {
                s.spawn(value());
                pending::<()>().await;
            });
            assert!(timeout(MS, scoped).await.is_err());
            // Items of a queue.
            let queue = Queue::new(0);
            queue.try_put(Value).unwrap();
            drop(queue.close_now());
            // And what is left for the end.
            drop(spawn(async {
                let _value = Value;
                pending::<()>().await;
            }));
            // Not once: the wakes by what was dropped may have queued main before.
            for _ in 0..3 {
                yield_now().await;
            }
            forget_all();
        });
        let before = CALLS.get();
        runner.close();
        assert!(CALLS.get() > before);
        forget_all();
    });
}

#[test]
fn a_closure_that_makes_a_future_may_call_back() {
    must_end(|| {
        run(async {
            prepare().await;
            let before = CALLS.get();
            let task = Handle::current().spawn(|| {
                call_back();
                async { 7 }
            });
            assert_eq!(task.await.unwrap(), 7);
            assert!(CALLS.get() > before);
            forget_all();
        });
    });
}

#[test]
fn the_display_of_a_mark_and_of_a_line_may_call_back() {
    must_end(|| {
        let mut runner = Runner::builder()
            .instrument(executor::instrument::Recorder::new())
            .build();
        runner.run(async {
            prepare().await;
            let before = CALLS.get();
            mark(&Value);
            executor::println!("{}", Value);
            assert!(CALLS.get() >= before + 4);
            forget_all();
        });
    });
}

#[test]
fn the_debug_text_of_a_locks_value_may_use_the_lock() {
    thread_local! {
        static LOCK: Lock<Shown> = const { Lock::new(Shown) };
    }
    struct Shown;
    impl fmt::Debug for Shown {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            LOCK.with(|lock| {
                assert!(lock.try_lock().is_none(), "it is locked meanwhile");
                write!(f, "{lock:?}")
            })
        }
    }
    let text = LOCK.with(|lock| format!("{lock:?}"));
    assert_eq!(text, "Lock { value: Lock { value: <locked> } }");
    LOCK.with(|lock| assert!(lock.try_lock().is_some(), "it is free again"));
}

/// An instrument that calls back at each event.
struct Meddler(
    Rc<RefCell<Vec<&'static str>>>,
    Vec<std::mem::Discriminant<Traced>>,
);

impl Instrument for Meddler {
    fn event(&mut self, _: Duration, event: &Traced) {
        let kind = match event {
            Traced::Print { .. } => "print",
            Traced::Mark { .. } => "mark",
            Traced::TimerFire { .. } => "timer",
            Traced::JobEnd { .. } => "job",
            Traced::ChildDone { .. } => "child",
            Traced::LoopClosed => "closed",
            _ => "",
        };
        self.0.borrow_mut().push(kind);
        // What it spawns makes events, too: a few times each kind of event.
        let kind = std::mem::discriminant(event);
        let calls = self.1.iter().filter(|called| **called == kind).count();
        if calls < 3 {
            self.1.push(kind);
            call_back();
        }
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        call_back();
    }
}

#[test]
fn an_instrument_may_call_back_at_every_event_and_is_not_removed() {
    must_end(|| {
        let kinds = Rc::default();
        let meddler = Meddler(Rc::clone(&kinds), Vec::new());
        let mut runner = Runner::builder().instrument(meddler).build();
        runner.run(async {
            prepare().await;
            let ends = Ends::default();
            let all = each_wait(&ends);
            ends.event.set();
            ends.semaphore.0.add_permits(1);
            ends.queue.0.try_put(1).unwrap();
            ends.queue.0.task_done();
            for (_, wait) in all {
                wait.await;
            }
            mark("a mark");
            executor::println!("a line");
            forget_all();
        });
        runner.close();
        drop(runner);
        forget_all(); // now, because it calls back, too
        let kinds = kinds.borrow();
        for kind in ["print", "mark", "timer", "job", "child", "closed"] {
            assert!(kinds.contains(&kind), "{kind}");
        }
    });
}

/// The value that a call on a thread has set is dropped there.
#[test]
fn a_destructor_that_panics_on_a_pools_thread_does_not_lose_the_result() {
    #[derive(Clone)]
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    static PANICS: ContextVar<Panics> = ContextVar::new("panics");
    must_end(|| {
        let pool = executor::ThreadPool::new(1);
        run(async {
            for n in 0..3 {
                let call = executor::run_in_executor(&pool, move || {
                    PANICS.set(Panics);
                    n
                });
                assert_eq!(call.await, n);
            }
        });
    });
}

/// Panics when it is dropped.
struct PanicsWhenDropped;

impl Wake for PanicsWhenDropped {
    fn wake(self: Arc<Self>) {}
}

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        CALLS.set(CALLS.get() + 1);
        panic!("on purpose");
    }
}

/// Polls a future once with a waker that only the runtime keeps.
fn poll_with_panicking(future: &mut Boxed) -> Poll<()> {
    let waker = Waker::from(Arc::new(PanicsWhenDropped));
    let polled = poll_with(future, &waker);
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(waker)));
    drop(dropped);
    polled
}

#[test]
fn the_destructor_of_a_waker_may_panic_where_it_is_replaced_dropped_and_woken() {
    must_end(|| {
        run(async {
            let ends = Ends::default();
            let guard = ends.lock.try_lock().expect("it is free");
            ends.queue.0.try_put(1).unwrap();
            assert_eq!(ends.queue.0.try_get(), Ok(1));
            for (name, mut wait) in each_wait(&ends) {
                let before = CALLS.get();
                if poll_with_panicking(&mut wait).is_pending() {
                    let _ = poll_with_panicking(&mut wait);
                }
                drop(wait);
                assert!(CALLS.get() > before, "{name}");
            }
            let mut waits = each_wait(&ends);
            for (_, wait) in &mut waits {
                let _ = poll_with_panicking(wait);
            }
            ends.event.set();
            drop(guard);
            ends.semaphore.0.add_permits(1);
            ends.queue.0.try_put(2).unwrap();
            ends.queue.0.task_done();
            ends.queue.0.close();
            sleep(MS * 20).await;
            drop(waits);
        });
    });
}

/// The waits are left to the end of the loop, and to that of the thread.
#[test]
fn the_destructor_of_a_waker_may_panic_at_the_end_of_the_loop() {
    must_end(|| {
        let ends = Ends::default();
        let guard = ends.lock.try_lock().expect("it is free");
        let mut runner = Runner::new();
        let kept = runner.run(async {
            for (_, mut wait) in each_wait(&ends) {
                drop(spawn(async move {
                    let _ = poll_with_panicking(&mut wait);
                    pending::<()>().await;
                    drop(wait);
                }));
            }
            let mut kept = each_wait(&ends);
            for (_, wait) in &mut kept {
                let _ = poll_with_panicking(wait);
            }
            sleep(MS * 20).await;
            kept
        });
        runner.close();
        drop(runner);
        drop((kept, guard));
        // Timers that are left in a loop.
        let mut runner = Runner::new();
        let mut sleeps = [(); 3].map(|()| boxed(sleep(MS * 3_600_000)));
        runner.run(async {
            for sleep in &mut sleeps {
                let _ = poll_with_panicking(sleep);
            }
        });
        drop(runner);
        drop(sleeps);
    });
}

/// A large set, and one with a limit, while their members are polled.
#[test]
fn a_member_of_a_set_may_call_back_and_panic_in_each_poll_and_hides_no_stall() {
    must_end(|| {
        let mut runner = Runner::new();
        runner.run(async {
            prepare().await;
            for limit in [usize::MAX, 3] {
                let wakers = Rc::new(RefCell::new(Vec::<Waker>::new()));
                let member = |n: usize| {
                    let (wakers, mut polls) = (Rc::clone(&wakers), 0);
                    poll_fn(move |cx| {
                        call_back();
                        // Its own waker and those of others, woken and dropped here.
                        let former = wakers.replace(vec![cx.waker().clone()]);
                        former.into_iter().for_each(Waker::wake);
                        cx.waker().wake_by_ref();
                        polls += 1;
                        assert!(n != 7 || polls != 2, "on purpose");
                        if polls < 4 {
                            Poll::Pending
                        } else {
                            Poll::Ready(n)
                        }
                    })
                };
                let mut all = pin!(gather((0..40).map(member).collect::<Vec<_>>()).limit(limit));
                let mut panics = 0;
                let outputs = poll_fn(|cx| {
                    let poll = || all.as_mut().poll(cx);
                    catch_unwind(AssertUnwindSafe(poll)).unwrap_or_else(|_| {
                        panics += 1;
                        cx.waker().wake_by_ref();
                        Poll::Pending
                    })
                });
                let outputs = timeout(MS * 60_000, outputs).await;
                assert_eq!(outputs.unwrap(), Vec::from_iter(0..40));
                assert_eq!(panics, 1);
                wakers.take();
            }
            forget_all();
        });
        // Members that panicked, and that keep no waker, are no reason to wait.
        let stalled = runner.try_run(async {
            let member = |n| async move {
                assert!(n != 39, "on purpose");
                pending::<()>().await
            };
            let mut all = pin!(gather((0..40).map(member).collect::<Vec<_>>()));
            let mut poll_all = move |cx: &mut Context<'_>| drop(all.as_mut().poll(cx));
            poll_fn(move |cx| {
                let _ = catch_unwind(AssertUnwindSafe(|| poll_all(cx)));
                Poll::<()>::Pending
            })
            .await;
        });
        assert!(matches!(stalled, Err(RunError::Stalled { .. })));
    });
}
