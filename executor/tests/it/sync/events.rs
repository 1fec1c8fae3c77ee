//! `Event`: `set` wakes every waiter.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use executor::sync::{Event, Semaphore};
use executor::{Wait, run, spawn, tasks, timeout, yield_now};

use crate::common::{Log, assert_waits, must_end, ready_now, virtual_runner};

#[test]
fn c217_set_and_cleared_at_once_releases_those_that_waited_and_no_other() {
    let log = Log::new();
    run(async {
        let event = Rc::new(Event::new());
        let wait = |name: &'static str| {
            let (event, log) = (event.clone(), log.clone());
            spawn(async move {
                event.wait().await;
                log.push(name);
            })
        };
        let (a, b) = (wait("a"), wait("b"));
        yield_now().await;
        event.set();
        event.clear();
        let late = wait("late");
        a.await.unwrap();
        b.await.unwrap();
        yield_now().await;
        assert_eq!(log.take(), ["a", "b"]);
        assert!(!late.is_finished());
        event.set();
        late.await.unwrap();
    });
}

#[test]
fn c217_all_of_many_waiters_are_woken_in_their_order() {
    let log = Log::new();
    virtual_runner().run(async {
        let event = Rc::new(Event::new());
        let wait = |n: i32| {
            let (event, log) = (Rc::clone(&event), log.clone());
            spawn(async move {
                event.wait().await;
                log.push(n.to_string());
            })
        };
        let waits: Vec<_> = (0..100).map(wait).collect();
        yield_now().await;
        event.set();
        for wait in waits {
            wait.await.unwrap();
        }
        let expected: Vec<_> = (0..100).map(|n| n.to_string()).collect();
        assert_eq!(log.take(), expected);
    });
}

#[test]
fn c217_a_wait_for_an_event_that_is_set_completes_at_once() {
    run(async {
        let event = Event::new();
        event.set();
        ready_now(&mut event.wait()).await;
        event.clear();
        assert_waits(&mut event.wait()).await;
    });
}

#[test]
fn a_waiter_that_was_dropped_is_not_missed() {
    virtual_runner().run(async {
        let event = Event::new();
        let (mut one, mut two) = (event.wait(), event.wait());
        assert_waits(&mut one).await;
        assert_waits(&mut two).await;
        assert!(timeout(Duration::from_secs(1), event.wait()).await.is_err());
        drop(one);
        event.set();
        ready_now(&mut two).await;
    });
}

#[test]
fn a_waker_that_sets_the_event_again_is_no_trouble() {
    // Each waker sets the event again when it is woken.
    struct Again(std::sync::Mutex<u32>);
    impl std::task::Wake for Again {
        fn wake(self: std::sync::Arc<Self>) {
            *self.0.lock().unwrap() += 1;
            EVENT.with(|event| event.set());
        }
    }
    thread_local! {
        static EVENT: Event = const { Event::new() };
    }
    let again = std::sync::Arc::new(Again(0.into()));
    let waker = again.clone().into();
    let mut cx = std::task::Context::from_waker(&waker);
    EVENT.with(|event| {
        let mut waits = [event.wait(), event.wait()];
        for wait in &mut waits {
            assert!(std::pin::Pin::new(wait).poll(&mut cx).is_pending());
        }
        event.set();
        for wait in &mut waits {
            assert!(std::pin::Pin::new(wait).poll(&mut cx).is_ready());
        }
    });
    assert_eq!(*again.0.lock().unwrap(), 2);
}

#[test]
fn a_listing_names_the_event_and_the_line() {
    run(async {
        let event = Rc::new(Event::named("ready"));
        let waits = event.clone();
        let line = line!() + 1;
        let task = spawn(async move { waits.wait().await });
        yield_now().await;
        let list = tasks();
        let [wait @ Wait::Event { name, site }] = list[1].waits_for() else {
            panic!("not an event: {list:?}");
        };
        assert_eq!((name.as_deref(), site.line()), (Some("ready"), line));
        assert_eq!(
            wait.to_string(),
            format!("event \"ready\" at {}:{line}", file!())
        );
        event.set();
        task.await.unwrap();
    });
    assert_eq!(format!("{:?}", Event::new()), "Event { is_set: false }");
}

/// A waker that uses, in its destructor, what it waits for.
#[test]
fn r034_a_waker_may_use_what_it_waited_for_when_it_is_replaced_or_dropped() {
    thread_local! {
        static SHARED: (Event, Semaphore) = const { (Event::new(), Semaphore::new(0)) };
        static DROPS: Cell<usize> = const { Cell::new(0) };
    }
    struct UsesItsWait;
    impl Wake for UsesItsWait {
        fn wake(self: Arc<Self>) {}
    }
    impl Drop for UsesItsWait {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
            SHARED.with(|(event, semaphore)| {
                event.set();
                event.clear();
                semaphore.add_permits(1);
            });
        }
    }
    must_end(|| {
        SHARED.with(|(event, semaphore)| {
            let mut waits = (pin!(event.wait()), pin!(semaphore.acquire_many(10)));
            for _ in 0..3 {
                let waker = Waker::from(Arc::new(UsesItsWait));
                let cx = &mut Context::from_waker(&waker);
                let _ = waits.0.as_mut().poll(cx);
                let _ = waits.1.as_mut().poll(cx);
            }
        });
        assert_eq!(DROPS.get(), 3, "each waker was dropped");
        SHARED.with(|(_, semaphore)| assert_eq!(semaphore.available_permits(), 3));
    });
}
