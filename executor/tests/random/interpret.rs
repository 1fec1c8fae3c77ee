//! Runs a program on the executor: virtual time, a seed perhaps, recorded.
//!
//! Invariant: the program does nothing but its steps, so that its log depends
//! on the loop alone. Called by `judge`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use executor::instrument::{Trace, Tracer};
use executor::{RunError, Runner};

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
pub(crate) fn interpret(program: &Body, seed: Option<u64>, bounded: bool) -> Run {
    let program = Rc::new(program.clone());
    run(seed, bounded, |world| made(world, program))
}

/// Runs what `main` makes.
pub(crate) fn run(seed: Option<u64>, bounded: bool, main: impl FnOnce(&World) -> Made) -> Run {
    let tracer = Tracer::new();
    let mut builder = Runner::builder()
        .virtual_time()
        .stall_timeout(Duration::ZERO)
        .instrument(tracer.clone());
    if let Some(seed) = seed {
        builder = builder.seed(seed);
    }
    let mut runner = builder.build();
    let world = World::new(bounded);
    let main = Main {
        body: main(&world),
        world: world.clone(),
    };
    let end = match catch_unwind(AssertUnwindSafe(|| runner.try_run(main))) {
        Ok(Ok(())) => End::Returned,
        Ok(Err(RunError::Stalled { .. })) => End::Stalled,
        Ok(Err(error)) => panic!("{error}"),
        Err(_) => End::Panicked,
    };
    drop(runner);
    Run {
        end,
        lines_of_main: world.lines_of_main(),
        remains: world.end(),
        trace: tracer.trace(),
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
    }
    Ok(())
}
