//! A counter that a thousand tasks change, without a lock.

use executor::{gather, run, yield_now};
use std::cell::Cell;
use std::rc::Rc;

async fn visit(visits: Rc<Cell<u32>>) {
    let seen = visits.get();
    visits.set(seen + 1); // no other task ran in between
    yield_now().await;
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
