//! `Queue`: items leave in the order in which they came, and none is lost.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use executor::sync::{Closed, Queue, TryGetError, TryPutError};
use executor::{Wait, gather, run, sleep, spawn, tasks, timeout, yield_now};

use crate::common::{Log, OnDrop, assert_waits, panic_text, ready_now, sized, virtual_runner};

const MS: Duration = Duration::from_millis(1);

#[test]
fn items_leave_in_the_order_in_which_they_came() {
    run(async {
        let queue = Queue::new(0);
        for n in 0..5 {
            queue.put(n).await.unwrap();
        }
        assert_eq!((queue.len(), queue.is_full()), (5, false));
        for n in 0..5 {
            assert_eq!(queue.get().await, Ok(n));
        }
        assert!(queue.is_empty());
    });
}

#[test]
fn c179_getters_are_served_in_turn() {
    let log = Log::new();
    run(async {
        let queue = Rc::new(Queue::new(0));
        let getters: Vec<_> = ["a", "b", "c"]
            .map(|name| {
                let (queue, log) = (queue.clone(), log.clone());
                spawn(async move {
                    while let Ok(item) = queue.get().await {
                        log.push(format!("{name}{item}"));
                    }
                })
            })
            .into();
        for item in 0..6 {
            yield_now().await;
            queue.put(item).await.unwrap();
        }
        yield_now().await;
        queue.close();
        gather(getters).await;
    });
    assert_eq!(log.take(), ["a0", "b1", "c2", "a3", "b4", "c5"]);
}

#[test]
fn a_full_queue_holds_its_producers_back() {
    let log = Log::new();
    run(async {
        let queue = Rc::new(Queue::new(2));
        let (puts, told) = (queue.clone(), log.clone());
        let producer = spawn(async move {
            for item in 0..5 {
                puts.put(item).await.unwrap();
                told.push(format!("put {item}"));
            }
        });
        yield_now().await;
        yield_now().await;
        assert_eq!(log.take(), ["put 0", "put 1"]);
        assert!(queue.is_full());
        assert_eq!(queue.try_put(9), Err(TryPutError::Full(9)));
        assert_eq!(queue.get().await, Ok(0));
        assert_eq!(queue.try_put(9), Err(TryPutError::Full(9)), "promised");
        yield_now().await;
        assert_eq!(log.take(), ["put 2"]);
        for item in 1..5 {
            assert_eq!(queue.get().await, Ok(item));
        }
        producer.await.unwrap();
    });
}

#[test]
fn c224_a_getter_dropped_as_an_item_arrives_leaves_it_to_the_next() {
    run(async {
        let queue = Queue::new(0);
        let (mut one, mut two) = (queue.get(), queue.get());
        assert_waits(&mut one).await;
        assert_waits(&mut two).await;
        queue.put('a').await.unwrap();
        assert_eq!(queue.try_get(), Err(TryGetError::Empty), "it is promised");
        drop(one);
        assert_eq!(ready_now(&mut two).await, Ok('a'));
        // Without a next waiter, the item stays.
        let mut three = queue.get();
        assert_waits(&mut three).await;
        queue.put('b').await.unwrap();
        drop(three);
        assert_eq!(queue.try_get(), Ok('b'));
    });
}

#[test]
fn c224_a_putter_dropped_as_room_appears_leaves_it_to_the_next() {
    run(async {
        let queue = Queue::new(1);
        queue.put('a').await.unwrap();
        let (mut one, mut two) = (queue.put('b'), queue.put('c'));
        assert_waits(&mut one).await;
        assert_waits(&mut two).await;
        assert_eq!(queue.try_get(), Ok('a'));
        drop(one);
        ready_now(&mut two).await.unwrap();
        assert_eq!(queue.try_get(), Ok('c'));
        assert_eq!(queue.try_put('d'), Ok(()));
    });
}

#[test]
fn c224_a_timeout_around_get_loses_nothing() {
    virtual_runner().run(async {
        let queue = Rc::new(Queue::new(1));
        let second = Duration::from_secs(1);
        assert!(timeout(second, queue.get()).await.is_err());
        queue.put(1).await.unwrap();
        assert!(timeout(second, queue.put(2)).await.is_err());
        assert_eq!((queue.get().await, queue.len()), (Ok(1), 0));
    });
}

#[test]
fn c226_a_closed_queue_is_drained_and_then_says_so() {
    run(async {
        let queue = Queue::new(2);
        queue.put(1).await.unwrap();
        queue.put(2).await.unwrap();
        let mut waiting = queue.put(3);
        assert_waits(&mut waiting).await;
        queue.close();
        let error = ready_now(&mut waiting).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the queue is closed and takes no more items"
        );
        assert_eq!(error.into_inner(), 3);
        assert_eq!(queue.try_put(4), Err(TryPutError::Closed(4)));
        assert_eq!(queue.get().await, Ok(1));
        assert_eq!(queue.try_get(), Ok(2));
        assert_eq!(queue.try_get(), Err(TryGetError::Closed));
        assert_eq!(queue.get().await, Err(Closed));
        assert!(queue.is_closed());
    });
}

#[test]
fn c226_closing_wakes_every_getter_and_putter() {
    run(async {
        let (empty, full) = (Rc::new(Queue::<u8>::new(1)), Rc::new(Queue::new(1)));
        full.try_put(0).unwrap();
        let getters: Vec<_> = (0..3)
            .map(|_| {
                spawn({
                    let queue = empty.clone();
                    async move { queue.get().await }
                })
            })
            .collect();
        let putters: Vec<_> = (1..4)
            .map(|n| {
                spawn({
                    let queue = full.clone();
                    async move { queue.put(n).await }
                })
            })
            .collect();
        yield_now().await;
        empty.close();
        full.close();
        for getter in gather(getters).await {
            assert_eq!(getter.unwrap(), Err(Closed));
        }
        let items = gather(putters).await.into_iter();
        let items: Vec<u8> = items
            .map(|put| put.unwrap().unwrap_err().into_inner())
            .collect();
        assert_eq!(items, [1, 2, 3]);
        assert_eq!(full.get().await, Ok(0));
    });
}

#[test]
fn c226_a_getter_that_was_promised_an_item_has_it_though_the_queue_closes() {
    run(async {
        let queue = Queue::new(0);
        let mut get = queue.get();
        assert_waits(&mut get).await;
        queue.put(1).await.unwrap();
        queue.close();
        assert_eq!(ready_now(&mut get).await, Ok(1));
    });
}

#[test]
fn c226_a_putter_that_was_promised_room_is_refused_if_the_queue_closes() {
    run(async {
        let queue = Queue::new(1);
        queue.put(1).await.unwrap();
        let mut put = queue.put(2);
        assert_waits(&mut put).await;
        assert_eq!(queue.get().await, Ok(1));
        queue.close();
        assert_eq!(ready_now(&mut put).await.unwrap_err().into_inner(), 2);
        assert_eq!(queue.get().await, Err(Closed));
    });
}

#[test]
fn c226_closing_now_gives_what_was_left_and_ends_the_join() {
    run(async {
        let queue = Queue::new(0);
        let mut promised = queue.get();
        assert_waits(&mut promised).await;
        for n in 0..3 {
            queue.put(n).await.unwrap();
        }
        let mut join = queue.join();
        assert_waits(&mut join).await;
        assert_eq!(queue.close_now(), [0, 1, 2]);
        assert_eq!(ready_now(&mut promised).await, Err(Closed));
        ready_now(&mut join).await;
        assert_eq!(queue.try_get(), Err(TryGetError::Closed));
        assert!(queue.close_now().is_empty());
    });
}

#[test]
fn c227_one_task_done_too_many_is_an_error_with_the_line() {
    let queue = Queue::new(0);
    queue.try_put(1).unwrap();
    queue.task_done();
    let text = panic_text(|| queue.task_done());
    assert_eq!(
        text,
        "Queue::task_done was called more often than items came in: once for each `get`"
    );
}

#[test]
fn c227_join_on_an_empty_queue_returns_at_once() {
    run(async {
        let queue = Queue::<u8>::new(0);
        ready_now(&mut queue.join()).await;
    });
}

#[test]
fn join_waits_until_all_is_done_and_not_only_taken() {
    run(async {
        let queue = Queue::new(0);
        queue.put(1).await.unwrap();
        queue.put(2).await.unwrap();
        let mut join = queue.join();
        assert_waits(&mut join).await;
        assert_eq!((queue.get().await, queue.get().await), (Ok(1), Ok(2)));
        queue.task_done();
        assert_waits(&mut join).await;
        queue.task_done();
        ready_now(&mut join).await;
    });
}

#[test]
fn c229_items_left_in_a_queue_are_dropped_though_one_panics() {
    let log = Log::new();
    let queue = Queue::new(0);
    for n in 0..4 {
        let log = log.clone();
        let item = OnDrop(move || {
            log.push(n);
            assert!(n != 1, "a destructor that fails");
        });
        assert!(queue.try_put(item).is_ok());
    }
    catch_unwind(AssertUnwindSafe(|| drop(queue))).unwrap_err();
    assert_eq!(log.take(), ["0", "1", "2", "3"]);
}

#[test]
fn c229_a_waiter_of_a_dropped_queue_holds_nothing() {
    let item = Rc::new(());
    run(async {
        let queue = Rc::new(Queue::new(1));
        queue.put(item.clone()).await.unwrap();
        let (puts, held) = (queue.clone(), item.clone());
        drop(spawn(async move { puts.put(held).await }));
        yield_now().await;
        assert_eq!(Rc::strong_count(&item), 3);
    });
    assert_eq!(Rc::strong_count(&item), 1);
}

#[test]
fn many_producers_and_consumers_move_every_item_once() {
    for seed in 0..sized(64, 1) {
        let got = Rc::new(RefCell::new(Vec::new()));
        let mut runner = executor::Runner::builder()
            .virtual_time()
            .seed(seed)
            .build();
        runner.run(async {
            let queue = Rc::new(Queue::new(3));
            let consumers: Vec<_> = (0..4)
                .map(|n| {
                    let (queue, got) = (queue.clone(), got.clone());
                    spawn(async move {
                        // One of them gives up now and then.
                        loop {
                            let get = timeout(Duration::from_nanos(n), queue.get());
                            match get.await {
                                Ok(Ok(item)) => got.borrow_mut().push(item),
                                Ok(Err(Closed)) => return,
                                Err(_) => yield_now().await,
                            }
                        }
                    })
                })
                .collect();
            let producers: Vec<_> = (0..4)
                .map(|n| {
                    let queue = queue.clone();
                    spawn(async move {
                        for item in 0..25 {
                            queue.put(n * 25 + item).await.unwrap();
                        }
                    })
                })
                .collect();
            gather(producers).await;
            queue.close();
            gather(consumers).await;
        });
        got.borrow_mut().sort_unstable();
        assert_eq!(*got.borrow(), (0..100).collect::<Vec<_>>(), "seed {seed}");
    }
}

#[test]
fn a_listing_says_what_is_waited_for_in_the_queue() {
    run(async {
        let queue = Rc::new(Queue::<u8>::named("jobs", 1));
        let (get, put, join) = (queue.clone(), queue.clone(), queue.clone());
        let text = |n: usize| tasks()[n].waits_for()[0].to_string();
        let get = spawn(async move { get.get().await });
        yield_now().await;
        assert!(
            text(1).starts_with("an item of queue \"jobs\" at "),
            "{}",
            text(1)
        );
        queue.put(1).await.unwrap();
        assert_eq!(get.await.unwrap(), Ok(1));
        queue.put(2).await.unwrap();
        let put = spawn(async move { put.put(3).await.is_ok() });
        let join = spawn(async move { join.join().await });
        yield_now().await;
        let list = tasks();
        let by_id = |id| {
            list.iter()
                .find(|task| task.id() == id)
                .unwrap()
                .waits_for()[0]
                .clone()
        };
        let (put_text, join_text) = (by_id(put.id()).to_string(), by_id(join.id()).to_string());
        assert!(matches!(by_id(put.id()), Wait::Queue { .. }));
        assert!(
            put_text.starts_with("room in queue \"jobs\" at "),
            "{put_text}"
        );
        let start = "all items of queue \"jobs\" to be done at ";
        assert!(join_text.starts_with(start), "{join_text}");
        assert_eq!(
            format!("{queue:?}"),
            "Queue { name: \"jobs\", len: 1, maxsize: 1, is_closed: false }"
        );
        queue.close();
        assert!(!put.await.unwrap());
        join.cancel();
    });
}

#[test]
fn c226_an_item_that_a_cancelled_getter_left_in_a_closed_queue_goes_to_one_that_was_refused() {
    run(async {
        let queue = Queue::new(0);
        let (mut first, mut second) = (queue.get(), queue.get());
        assert_waits(&mut first).await;
        assert_waits(&mut second).await;
        queue.put(1).await.unwrap(); // promised to the first
        queue.close(); // refuses the second
        drop(first);
        assert_eq!(ready_now(&mut second).await, Ok(1));
        assert_eq!(queue.get().await, Err(Closed));
    });
}

/// The getter is polled, times out and comes back ten times, and each item arrives
/// while it waits or between two of its waits.
#[test]
fn r023_a_getter_that_times_out_again_and_again_gets_every_item() {
    virtual_runner().run(async {
        let queue = Rc::new(Queue::new(1));
        let getter = spawn({
            let queue = queue.clone();
            async move {
                let (mut items, mut elapsed) = (Vec::new(), 0);
                while items.len() < 10 {
                    match timeout(100 * MS, queue.get()).await {
                        Ok(item) => items.push(item.unwrap()),
                        Err(_) => elapsed += 1,
                    }
                }
                (items, elapsed)
            }
        });
        for n in 0..10 {
            // Each with a deadline of the getter, every other one before it.
            sleep(if n % 2 == 0 { 200 * MS } else { 100 * MS }).await;
            queue.put(n).await.unwrap();
        }
        let (items, elapsed) = getter.await.unwrap();
        assert_eq!(items, Vec::from_iter(0..10));
        assert!(elapsed > 0, "it timed out in between");
    });
}

#[test]
fn r028_a_limit_of_zero_refuses_no_item_that_there_is_room_for() {
    virtual_runner().run(async {
        let queue = Queue::new(3);
        for n in 0..3 {
            let put = timeout(Duration::ZERO, queue.put(n)).await;
            assert_eq!(put.expect("there is room"), Ok(()));
        }
        assert!(timeout(Duration::ZERO, queue.put(3)).await.is_err());
        assert_eq!(queue.len(), 3);
    });
}
