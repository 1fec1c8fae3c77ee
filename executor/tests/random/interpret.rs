//! Runs a program on the executor: virtual time, a seed perhaps, recorded.
//!
//! Invariant: the program does nothing but its steps, so that its log depends
//! on the loop alone. Called by `judge`.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use executor::instrument::{Trace, Tracer};
use executor::sync::Event;
use executor::{Builder, RunError, Runner};

use crate::generate::Kind;
use crate::program::{Body, Step};
use crate::world::{Failed, Made, Remains, Result, World};

/// How the main body ended; also the last line of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Returned,
    Panicked,
    Stalled,
}

/// What a run left.
pub(crate) struct Run {
    pub(crate) end: End,
    pub(crate) remains: Remains,
    /// How much of the log was there when the main body ended, or stalled.
    pub(crate) lines_of_main: usize,
    pub(crate) trace: Trace,
}

/// The main body; tells the world when it goes.
struct Main {
    body: Made,
    world: World,
}

impl Future for Main {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.body).poll(cx).map(drop)
    }
}

impl Drop for Main {
    fn drop(&mut self) {
        self.world.main_is_over();
    }
}

/// Runs a program given as data.
pub(crate) fn interpret(kind: Kind, program: &Body, seed: Option<u64>) -> Run {
    let program = Rc::new(program.clone());
    run(kind, seed, |world| made(world, program))
}

/// Runs what `main` makes.
pub(crate) fn run(kind: Kind, seed: Option<u64>, main: impl FnOnce(&World) -> Made) -> Run {
    let tracer = Tracer::new();
    let mut builder = virtual_time(Duration::ZERO).instrument(tracer.clone());
    if let Some(seed) = seed {
        builder = builder.seed(seed);
    }
    let mut runner = builder.build();
    let world = World::new(kind.is_bounded());
    let _reachable = world.be_reachable();
    if kind == Kind::Wakers {
        world.add_others();
    }
    let main = Main {
        body: main(&world),
        world: world.clone(),
    };
    let result = catch_unwind(AssertUnwindSafe(|| run_main(kind, &mut runner, main)));
    let end = match result {
        Ok(Ok(())) => End::Returned,
        Ok(Err(RunError::Stalled { .. })) => End::Stalled,
        Ok(Err(error)) => panic!("{error}"),
        Err(_) => End::Panicked,
    };
    world.drop_shared();
    drop(runner);
    Run {
        end,
        lines_of_main: world.lines_of_main(),
        remains: world.end(),
        trace: tracer.trace(),
    }
}

/// Returns whether a stall of the program is reported only after this time, as
/// if another thread could end it.
pub(crate) fn stalls_late(kind: Kind, program: &Body, after: Duration) -> bool {
    let mut runner = virtual_time(after).build();
    let world = World::new(kind.is_bounded());
    let main = made(&world, Rc::new(program.clone()));
    let began = Instant::now();
    let stalled = runner.try_run(main).is_err();
    let took = began.elapsed();
    drop(runner);
    world.end();
    stalled && took >= after
}

fn virtual_time(stall_timeout: Duration) -> Builder {
    let builder = Runner::builder().virtual_time();
    builder.stall_timeout(stall_timeout)
}

fn run_main(kind: Kind, runner: &mut Runner, main: Main) -> Result<(), RunError> {
    match kind {
        Kind::Places => run_in_segments(runner, main),
        Kind::Sources => {
            let world = main.world.clone();
            runner.try_run(world.with_sources(main))
        }
        _ => runner.try_run(main),
    }
}

/// Runs the main body in several runs of the runner: each ends when a body has
/// an errand outside.
fn run_in_segments(runner: &mut Runner, main: Main) -> Result<(), RunError> {
    let world = main.world.clone();
    let main = Rc::new(RefCell::new(Some(main)));
    let mut done = Vec::new();
    loop {
        let segment = Segment {
            main: Rc::clone(&main),
            world: world.clone(),
            done: std::mem::take(&mut done),
            is_left: false,
        };
        if runner.try_run(segment)? == Left::Over {
            return Ok(());
        }
        done = world.run_errands();
    }
}

/// One run of the main body. Drops it at its end, unless there is another run.
struct Segment {
    main: Rc<RefCell<Option<Main>>>,
    world: World,
    /// To set in the first poll.
    done: Vec<Rc<Event>>,
    /// Whether another run follows.
    is_left: bool,
}

/// Why a run ended.
#[derive(PartialEq, Eq)]
enum Left {
    Over,
    Errands,
}

impl Future for Segment {
    type Output = Left;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Left> {
        self.done.drain(..).for_each(|done| done.set());
        if !self.world.has_errands(cx) {
            let mut main = self.main.borrow_mut();
            let main = main.as_mut().expect("it is not over");
            if Pin::new(main).poll(cx).is_ready() {
                return Poll::Ready(Left::Over);
            }
            if !self.world.has_errands(cx) {
                return Poll::Pending;
            }
        }
        self.is_left = true;
        Poll::Ready(Left::Errands)
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if !self.is_left {
            drop(self.main.take());
        }
    }
}

fn made(world: &World, body: Rc<Body>) -> Made {
    world.body(body.id, async move |world: World| {
        for step in &body.steps {
            one_step(&world, step).await?;
        }
        Ok(())
    })
}

fn all(world: &World, bodies: &[Body]) -> Vec<Made> {
    bodies.iter().map(|body| one(world, body)).collect()
}

fn one(world: &World, body: &Body) -> Made {
    made(world, Rc::new(body.clone()))
}

async fn one_step(w: &World, step: &Step) -> Result {
    match step {
        Step::Sleep(us) => w.sleep(*us).await,
        Step::Yield => w.yield_now().await,
        Step::Spawn(body) => w.spawn(one(w, body)),
        Step::Join(id) => w.join(*id).await,
        Step::Cancel(id) => w.cancel(*id),
        Step::Detach(id) => w.detach(*id),
        Step::CancelWithin(id, us) => w.cancel_within(*id, *us).await,
        Step::Gather(bodies) => w.gather(all(w, bodies)).await,
        Step::TryGather(bodies) => w.try_gather(all(w, bodies)).await,
        Step::Race(bodies) => w.race(all(w, bodies)).await,
        Step::Timeout(us, body) => w.timeout(*us, one(w, body)).await,
        Step::Scope(children, own) => w.scope(all(w, children), one(w, own)).await,
        Step::UntilAsked(body) => w.until_asked(one(w, body)).await,
        Step::Lock(which, body) => w.lock(usize::from(*which), one(w, body)).await,
        Step::Permit(which, body) => w.permit(usize::from(*which), one(w, body)).await,
        Step::Wait(which) => w.wait(usize::from(*which)).await,
        Step::Set(which) => w.set(usize::from(*which)),
        Step::Clear(which) => w.clear(usize::from(*which)),
        Step::Put(which) => w.put(usize::from(*which)).await,
        Step::Get(which) => w.get(usize::from(*which)).await,
        Step::SetVar(value) => w.set_var(u32::from(*value)),
        Step::GetVar => w.get_var(),
        Step::Fail => return Err(Failed),
        Step::Panic => w.panic(),
        Step::PanicOnDrop => w.panic_on_drop(),
        Step::Thread => w.thread().await,
        Step::Limited(limit, bodies) => w.limited(*limit, all(w, bodies)).await,
        Step::AsCompleted(bodies) => w.as_completed(all(w, bodies)).await,
        Step::Spend(n) => w.spend(*n).await,
        Step::Drain(how, n) => w.drain(*how, *n).await,
        Step::Rounds(what) => w.rounds(*what).await,
        Step::Busy(how) => w.busy(*how).await,
        Step::Foreign(act, body) => w.foreign(*act, one(w, body)).await,
        Step::Send(which, n) => w.send(*which, *n).await,
        Step::Receive(which, n) => w.receive(*which, *n).await,
        Step::Nap(which, us) => w.nap(*which, *us).await,
        Step::Reset(which, us, place) => w.reset(*which, *us, *place).await,
        Step::Read(id, place) => w.read(*id, *place).await,
        Step::Remote(body) => w.remote(one(w, body)),
        Step::AwaitRemote(which) => w.await_remote(*which).await,
        Step::UseRemote(which, uses) => w.use_remote(*which, uses.clone()).await,
        Step::DropLoop(how) => w.drop_loop(*how).await,
    }
    Ok(())
}
