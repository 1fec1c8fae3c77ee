//! `scope` and `try_scope`: tasks that borrow.
//!
//! A scope is a future that owns other futures and polls them inside its own
//! poll. So they may borrow what the scope's caller owns: they can neither
//! outlive the scope nor run without it. In every other respect they are tasks,
//! with names, wakers, handles and context variables.
//!
//! **Invariant:** when the scope's future has completed or was dropped, no child
//! is left, and none can be added.
//!
//! Called by users. Imports `nursery`, which holds the children.

use std::convert::Infallible;
use std::fmt;
use std::panic::{Location, resume_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use super::handle::ScopedJoinHandle;
use super::nursery::{Nursery, Stop};
use crate::event_loop::runtime::Runtime;
use crate::spawn::yield_now::spend_budget;

/// Runs a body that may spawn tasks which borrow, and waits for all of them
/// (asyncio: `TaskGroup`; trio: a nursery).
///
/// The body gets a [`Scope`]; the tasks that it spawns may borrow anything that
/// outlives the call. The scope completes when the body has returned and every
/// child has ended; its output is the body's.
///
/// ```
/// use executor::{run, scope, sleep};
/// use std::cell::Cell;
/// use std::time::Duration;
///
/// run(async {
///     let words = vec!["one", "two", "three"];
///     let letters = Cell::new(0);
///     scope(async |s| {
///         for word in &words {
///             s.spawn(async {
///                 sleep(Duration::from_millis(1)).await;
///                 letters.set(letters.get() + word.len());
///             });
///         }
///     })
///     .await;
///     assert_eq!(letters.get(), 11);
/// });
/// ```
///
/// A child is a task: it has an id, a name, a line where it was spawned and
/// context variables of its own, can be cancelled, and is first polled in a
/// later turn. Unlike a task of [`spawn`](crate::spawn), it is owned by the
/// scope and not by the loop, so it cannot outlive what it borrows:
///
/// ```compile_fail,E0597
/// executor::run(async {
///     executor::scope(async |s| {
///         let inner = 1;
///         s.spawn(async { &inner; }); // dropped with the body; the child may run on
///     })
///     .await;
/// });
/// ```
///
/// *Cancel safety:* dropping the scope drops the body, then the children, the
/// youngest first, before anything they borrow.
///
/// asyncio's `TaskGroup` collects the errors of its tasks; [`try_scope`]
/// returns the first.
///
/// # Panics
///
/// With the panic of a child, after its siblings and the body were dropped:
/// with them go all readers of the child's handle, so the handle never says
/// "panicked". A panic in a destructor of a child that was cancelled does not end
/// the scope: it is reported, or ends the run as
/// [`OnPanic::Stop`](crate::OnPanic::Stop) says.
///
/// When it is polled outside a running loop, or in another loop than the one
/// that polled it first.
#[track_caller]
pub fn scope<'env, F, T>(body: F) -> impl Future<Output = T>
where
    F: AsyncFnOnce(Scope<'env>) -> T,
{
    let site = Location::caller();
    async move {
        spend_budget().await;
        let nursery = EndOnDrop::new(site);
        let body = body(Scope {
            nursery: Rc::clone(&nursery.0),
        });
        let body = async { Ok::<T, Infallible>(body.await) };
        let Ok(output) = run_scope(&nursery, body).await;
        output
    }
}

/// Runs a scope whose body and children may fail: the first error ends it
/// (asyncio: an exception in a `TaskGroup`).
///
/// The body and every child return a `Result` with one type of error. When one
/// of them fails, the body and the other children are dropped before the error
/// is returned.
///
/// ```
/// use executor::{run, sleep, try_scope};
/// use std::time::Duration;
///
/// run(async {
///     let limit = 3;
///     let result: Result<(), String> = try_scope(async |s| {
///         for n in 1..=5 {
///             s.spawn(async move {
///                 sleep(Duration::from_millis(n)).await;
///                 if n > limit { Err(format!("{n} is too many")) } else { Ok(()) }
///             });
///         }
///         Ok(())
///     })
///     .await;
///     assert_eq!(result, Err("4 is too many".into()));
/// });
/// ```
///
/// *Cancel safety:* that of [`scope`].
///
/// # Errors
///
/// The first one, in the order in which the loop polls; if the body and a child
/// fail in the same poll, the body's.
///
/// # Panics
///
/// For the same reasons as [`scope`].
#[track_caller]
pub fn try_scope<'env, F, T, E>(body: F) -> impl Future<Output = Result<T, E>>
where
    F: AsyncFnOnce(TryScope<'env, E>) -> Result<T, E>,
    E: 'env,
{
    let site = Location::caller();
    async move {
        spend_budget().await;
        let nursery = EndOnDrop::new(site);
        let body = body(TryScope {
            nursery: Rc::clone(&nursery.0),
        });
        run_scope(&nursery, body).await
    }
}

/// Spawns children; [`scope`] passes it to its body (asyncio: the `TaskGroup`
/// object).
///
/// Cheap to clone: a child may own a clone, and spawn siblings with it.
///
/// ```
/// executor::run(async {
///     let total = &std::cell::Cell::new(0);
///     executor::scope(async |s| {
///         let inner = s.clone();
///         s.spawn(async move {
///             inner.spawn(async move { total.set(total.get() + 1) });
///         });
///     })
///     .await;
///     assert_eq!(total.get(), 1);
/// });
/// ```
pub struct Scope<'env> {
    nursery: Rc<Nursery<'env, Infallible>>,
}

/// Spawns children that return a `Result`; [`try_scope`] passes it to its body
/// (asyncio: the `TaskGroup` object).
pub struct TryScope<'env, E> {
    nursery: Rc<Nursery<'env, E>>,
}

impl<'env> Scope<'env> {
    /// Starts a child (asyncio: `TaskGroup.create_task`).
    ///
    /// If the scope has ended or was cancelled, the future is dropped unpolled
    /// and the handle says "cancelled".
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> ScopedJoinHandle<F::Output>
    where
        F: Future + 'env,
        F::Output: 'env,
    {
        let future = async { Ok(future.await) };
        self.nursery.spawn(None, Location::caller(), future)
    }

    /// Starts a child with a name (asyncio: `create_task(.., name=..)`).
    #[track_caller]
    pub fn spawn_named<F>(&self, name: impl Into<String>, future: F) -> ScopedJoinHandle<F::Output>
    where
        F: Future + 'env,
        F::Output: 'env,
    {
        let name = name.into().into_boxed_str();
        let future = async { Ok(future.await) };
        self.nursery.spawn(Some(name), Location::caller(), future)
    }

    /// Cancels every child and refuses new ones; the body continues (asyncio:
    /// `TaskGroup.cancel`, which also stops the body).
    ///
    /// ```
    /// executor::run(async {
    ///     executor::scope(async |s| {
    ///         s.spawn(std::future::pending::<()>());
    ///         s.cancel();
    ///         assert!(s.spawn(async {}).await.unwrap_err().is_cancelled());
    ///     })
    ///     .await; // completes, because the child was cancelled
    /// });
    /// ```
    pub fn cancel(&self) {
        self.nursery.cancel();
    }
}

impl<'env, E: 'env> TryScope<'env, E> {
    /// Starts a child. Its `Err` ends the scope; its `Ok` is the output of the
    /// handle.
    ///
    /// If the scope has ended or was cancelled, the future is dropped unpolled
    /// and the handle says "cancelled".
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> ScopedJoinHandle<T>
    where
        F: Future<Output = Result<T, E>> + 'env,
        T: 'env,
    {
        self.nursery.spawn(None, Location::caller(), future)
    }

    /// Starts a child with a name; see [`spawn`](Self::spawn).
    #[track_caller]
    pub fn spawn_named<F, T>(&self, name: impl Into<String>, future: F) -> ScopedJoinHandle<T>
    where
        F: Future<Output = Result<T, E>> + 'env,
        T: 'env,
    {
        let name = name.into().into_boxed_str();
        self.nursery.spawn(Some(name), Location::caller(), future)
    }

    /// Cancels every child and refuses new ones; the body continues. See
    /// [`Scope::cancel`].
    pub fn cancel(&self) {
        self.nursery.cancel();
    }
}

/// Ends a nursery when the scope's future is dropped.
///
/// Children may hold clones of the scope, and the nursery holds the children:
/// emptying it also breaks that cycle of references.
struct EndOnDrop<'env, E>(Rc<Nursery<'env, E>>);

impl<'env, E> EndOnDrop<'env, E> {
    fn new(site: &'static Location<'static>) -> Self {
        EndOnDrop(Nursery::new(expect_loop(site)))
    }
}

impl<E> Drop for EndOnDrop<'_, E> {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn expect_loop(site: &'static Location<'static>) -> Rc<Runtime> {
    Runtime::current().unwrap_or_else(|| {
        panic!(
            "the scope at {site} needs a running loop, and none runs on this thread: await it in \
             a future that `executor::run(..)` runs"
        )
    })
}

/// Polls the body and the woken children until all have ended or one of them
/// ends the scope.
async fn run_scope<T, E>(
    nursery: &EndOnDrop<'_, E>,
    body: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let mut body = pin!(Some(body));
    let mut output = None;
    std::future::poll_fn(|cx| {
        nursery.0.start_round(cx);
        let stop = match poll_body(body.as_mut(), &mut output, cx) {
            Err(error) => Stop::Error(error),
            Ok(is_body_done) => match nursery.0.poll_children(cx) {
                Err(stop) => stop,
                Ok(()) if is_body_done && nursery.0.is_empty() => {
                    nursery.0.end(); // clones of the scope may be left
                    let output = output.take();
                    return Poll::Ready(Ok(output.expect("the body is done")));
                }
                Ok(()) => return Poll::Pending,
            },
        };
        body.set(None);
        nursery.0.end();
        match stop {
            Stop::Error(error) => Poll::Ready(Err(error)),
            Stop::Panic(payload) => resume_unwind(payload),
        }
    })
    .await
}

/// Polls the body unless it is done; returns whether it is.
fn poll_body<T, E>(
    mut body: Pin<&mut Option<impl Future<Output = Result<T, E>>>>,
    output: &mut Option<T>,
    cx: &mut Context<'_>,
) -> Result<bool, E> {
    let Some(future) = body.as_mut().as_pin_mut() else {
        return Ok(true);
    };
    let Poll::Ready(result) = future.poll(cx) else {
        return Ok(false);
    };
    body.set(None);
    *output = Some(result?);
    Ok(true)
}

impl Clone for Scope<'_> {
    fn clone(&self) -> Self {
        Scope {
            nursery: Rc::clone(&self.nursery),
        }
    }
}

impl<E> Clone for TryScope<'_, E> {
    fn clone(&self) -> Self {
        TryScope {
            nursery: Rc::clone(&self.nursery),
        }
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({} tasks)", self.nursery.len())
    }
}

impl<E> fmt::Debug for TryScope<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TryScope({} tasks)", self.nursery.len())
    }
}
