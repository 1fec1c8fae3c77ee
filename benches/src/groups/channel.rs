//! Channels between tasks. They are crates of their own and work on every
//! runtime: what differs is what a wake costs, and a switch between tasks.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::channel::mpsc;

use crate::clock::Stopwatch;
use crate::contender::Load;
use crate::floor::Queue;
use crate::leaf::PendingOnce;
use crate::row::rows;
use crate::side::Side;

rows! { "channel",
    "ping-pong, async-channel" by 1 below SAME: async_channel, floor by_hand;
    "ping-pong, futures mpsc" by 1 below SAME: futures_mpsc, floor by_hand;
}

/// Two tasks and two channels with room for one: a number goes there and back.
///
/// Same work: two wakes of a task that waits, per round trip. It cannot say
/// what a channel costs that is full of items and read at leisure.
pub fn async_channel<S: Side>(load: Load) -> Duration {
    let (to_pong, at_pong) = async_channel::bounded(1);
    let (to_ping, at_ping) = async_channel::bounded(1);
    S::run(async {
        let pong = S::spawn(async move {
            while let Ok(number) = at_pong.recv().await {
                to_ping.send(number).await.expect("ping listens");
            }
        });
        let ping = S::spawn(async move {
            let watch = Stopwatch::start();
            for number in 0..load.times {
                to_pong.send(number).await.expect("pong listens");
                at_ping.recv().await.expect("pong answers");
            }
            watch.stop()
        });
        let took = ping.await.expect("the task returns");
        pong.await.expect("the task returns");
        took
    })
}

/// The same on the unbounded channels of the crate `futures`.
pub fn futures_mpsc<S: Side>(load: Load) -> Duration {
    let (to_pong, mut at_pong) = mpsc::unbounded();
    let (to_ping, mut at_ping) = mpsc::unbounded();
    S::run(async {
        let pong = S::spawn(async move {
            while let Some(number) = at_pong.next().await {
                to_ping.unbounded_send(number).expect("ping listens");
            }
        });
        let ping = S::spawn(async move {
            let watch = Stopwatch::start();
            for number in 0..load.times {
                to_pong.unbounded_send(number).expect("pong listens");
                at_ping.next().await.expect("pong answers");
            }
            watch.stop()
        });
        let took = ping.await.expect("the task returns");
        pong.await.expect("the task returns");
        took
    })
}

/// The floor: two boxed futures, polled by turns, and a cell each way.
pub fn by_hand(load: Load) -> Duration {
    let (to_pong, to_ping) = (Rc::new(Cell::new(None)), Rc::new(Cell::new(None)));
    let mut queue = Queue::default();
    queue.spawn(pass_on(
        Rc::clone(&to_pong),
        Rc::clone(&to_ping),
        load.times,
    ));
    to_pong.set(Some(0));
    queue.spawn(pass_on(to_ping, to_pong, load.times));
    let watch = Stopwatch::start();
    queue.run();
    watch.stop()
}

async fn pass_on(from: Rc<Cell<Option<u64>>>, to: Rc<Cell<Option<u64>>>, times: u64) {
    for _ in 0..times {
        let number = loop {
            match from.take() {
                Some(number) => break number,
                None => PendingOnce::default().await,
            }
        };
        to.set(Some(number + 1));
    }
}
