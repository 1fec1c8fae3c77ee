//! Step 11b: a future that refers to itself, and stays where it is.

use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, Waker};

/// Where a value lies in memory: the last four digits of its address.
fn place<T: ?Sized>(value: &T) -> usize {
    ptr::from_ref(value).addr() % 10_000
}

/// Pending as often as `left` says.
struct Countdown {
    left: u32,
}

impl Future for Countdown {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        if self.left == 0 {
            return Poll::Ready(());
        }
        self.left -= 1;
        Poll::Pending
    }
}

/// Polls a future once.
fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    future.poll(&mut context)
}

async fn last_word() -> usize {
    let text = *b"pins and needles";
    let word = &text[9..];
    println!("  text at {}, word at {}", place(&text), place(word));
    Countdown { left: 1 }.await;
    println!("  text at {}, word at {}", place(&text), place(word));
    word.len()
}

fn main() {
    let future = last_word();
    println!("made at {}", place(&future));
    let mut boxed = Box::pin(future);
    let (start, size) = (place(&*boxed), size_of_val(&*boxed));
    println!("pinned from {start} to {}", start + size);
    println!("{:?}", poll_once(boxed.as_mut()));

    println!("box at {}", place(&boxed));
    let mut moved = boxed;
    println!("box moved to {}", place(&moved));
    println!("{:?}", poll_once(moved.as_mut()));
}
