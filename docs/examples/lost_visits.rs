//! The counter of `no_lock`, with an await in the wrong place.

use executor::{gather, run, yield_now};
use std::cell::Cell;
use std::rc::Rc;

async fn visit(visits: Rc<Cell<u32>>) {
    let seen = visits.get();
    yield_now().await; // the other tasks run now
    visits.set(seen + 1);
}

async fn program() {
    let visits = Rc::new(Cell::new(0));
    let all = (0..1000).map(|_| visit(Rc::clone(&visits)));
    gather(all.collect::<Vec<_>>()).await;
    println!("{} visits", visits.get());
}

fn main() {
    run(program());
}
