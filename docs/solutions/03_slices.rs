//! A task that computes holds up a task that has something to say.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;

use docs::Exercise;
use executor::{race, spawn_named, yield_now};

/// One piece of a long computation.
fn piece(done: &Cell<u32>) {
    done.set(done.get() + 1);
}

async fn hog(done: Rc<Cell<u32>>) {
    for n in 1..=10_000 {
        piece(&done);
        if n % 100 == 0 {
            yield_now().await;
        }
    }
}

/// Looks at the counter whenever it gets a turn, and keeps the longest step
/// between two looks.
struct Observer {
    seen: Cell<u32>,
    longest: Cell<u32>,
}

impl Observer {
    fn look(&self, done: &Cell<u32>) {
        let step = done.get() - self.seen.replace(done.get());
        self.longest.set(self.longest.get().max(step));
    }
}

async fn program() -> u32 {
    let done = Rc::new(Cell::new(0));
    let observer = Observer {
        seen: Cell::new(0),
        longest: Cell::new(0),
    };
    let watching = async {
        loop {
            observer.look(&done);
            yield_now().await;
        }
    };
    let hog = spawn_named("hog", hog(Rc::clone(&done)));
    // Until the first one ends, which is the hog.
    race((async { hog.await.unwrap() }, watching)).await;
    observer.look(&done);
    observer.longest.get()
}

fn main() -> ExitCode {
    let hint = "`for n in 1..=10_000`, and `if n % 100 == 0 { .. }`";
    Exercise::new(hint).check(program(), |seen, longest| {
        if longest > 100 {
            return Err(format!("others had to wait for {longest} pieces"));
        }
        let polls = seen.polls();
        if polls > 500 {
            return Err(format!("{polls} polls: it rests too often"));
        }
        Ok(())
    })
}
