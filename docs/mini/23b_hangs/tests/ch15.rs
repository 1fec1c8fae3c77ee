//! What chapter 15 promises.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::mini::{Runner, now, sleep, spawn, yield_now};

#[test]
fn a_year_takes_no_time() {
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    let slept = Runner::virtual_time().run(async {
        let start = now();
        sleep(year).await;
        now() - start
    });
    assert_eq!(slept, year);
}

#[test]
fn timers_of_one_deadline_fire_in_the_order_of_their_first_polls() {
    let order = Rc::new(RefCell::new(Vec::new()));
    Runner::virtual_time().run(async {
        for n in 0..5 {
            let order = Rc::clone(&order);
            spawn(async move {
                sleep(Duration::from_secs(1)).await;
                order.borrow_mut().push(n);
            });
        }
        sleep(Duration::from_secs(2)).await;
    });
    assert_eq!(*order.borrow(), [0, 1, 2, 3, 4]);
}

#[test]
fn the_clock_does_not_move_while_a_task_is_ready() {
    Runner::virtual_time().run(async {
        let start = now();
        spawn(sleep(Duration::from_secs(1)));
        for _ in 0..100 {
            yield_now().await;
        }
        assert_eq!(now(), start);
    });
}
