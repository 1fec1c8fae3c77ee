//! The claims of the page that need a closer look, tried on this loop.

use executor::instrument::{Event, Recorder};
use executor::{Runner, gather, run, sleep, spawn, try_run};
use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

fn main() {
    println!("2  {}", does_the_loop_check_continuously());
    println!("3  {}", does_only_a_loop_run_async_code());
    println!("4  {}", is_there_one_loop_per_thread());
    println!("5  {}", does_run_clean_up());
    println!("6  {}", is_run_called_once_per_thread());
    println!("12 {}", does_await_yield());
}

fn does_the_loop_check_continuously() -> String {
    let recorder = Recorder::new();
    let builder = Runner::builder().virtual_time();
    let mut runner = builder.instrument(recorder.clone()).build();
    runner.run(sleep(Duration::from_secs(3600)));
    let events = recorder.take();
    let count = |kind: fn(&Event) -> bool| events.iter().filter(|(_, e)| kind(e)).count();
    let turns = count(|event| matches!(event, Event::Turn { .. }));
    let parks = count(|event| matches!(event, Event::ParkStart { .. }));
    format!("in an hour of sleep: turns {turns}, parks {parks}")
}

fn does_only_a_loop_run_async_code() -> String {
    let mut future = pin!(async { 42 });
    let mut context = Context::from_waker(Waker::noop());
    match future.as_mut().poll(&mut context) {
        Poll::Ready(value) => format!("polled by hand, without a loop: {value}"),
        Poll::Pending => "it has to wait".into(),
    }
}

fn is_there_one_loop_per_thread() -> String {
    let inner = run(async { try_run(async { 1 }).is_ok() });
    let (mut one, mut two) = (Runner::new(), Runner::new());
    let sum = one.run(async { 1 }) + two.run(async { 2 }) + one.run(async { 3 });
    format!("a second one inside: {inner}; two in turn: {}", sum == 6)
}

fn does_run_clean_up() -> String {
    struct Guard(Rc<Cell<bool>>);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let dropped = Rc::new(Cell::new(false));
    let guard = Guard(Rc::clone(&dropped));
    run(async {
        spawn(async move {
            let _guard = guard;
            sleep(Duration::from_secs(3600)).await;
        });
    });
    format!("a task that was left is cleaned up: {}", dropped.get())
}

fn is_run_called_once_per_thread() -> String {
    format!("run twice: {}, {}", run(async { 1 }), run(async { 2 }))
}

fn does_await_yield() -> String {
    async fn step(name: char, order: &RefCell<String>) {
        order.borrow_mut().push(name);
    }
    async fn three(name: char, order: &RefCell<String>) {
        for _ in 0..3 {
            step(name, order).await;
        }
    }
    let order = RefCell::new(String::new());
    run(gather((three('a', &order), three('b', &order))));
    format!("three awaits each: {}", order.into_inner())
}
