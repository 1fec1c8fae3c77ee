//! A parker of our own, and a wake that precedes the park.

use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex};

use docs::Exercise;

#[derive(Default)]
struct Parker {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Parker {
    fn wake(&self) {
        *self.woken.lock().unwrap() = true;
        self.changed.notify_one();
    }

    /// Sleeps until `wake` is called, or returns at once if it was called
    /// since the last `park`.
    fn park(&self) {
        let woken = self.woken.lock().unwrap();
        // TODO: a wake that precedes this line is lost.
        let mut woken = self.changed.wait(woken).unwrap();
        *woken = false;
    }
}

fn main() -> ExitCode {
    let hint =
        "a notification is only a hint to look at `woken`: look first, wait while it is false";
    Exercise::new(hint).judge("park", || {
        let parker = Arc::new(Parker::default());
        parker.wake();
        parker.park(); // woken already: returns at once
        let other = Arc::clone(&parker);
        let thread = std::thread::spawn(move || other.wake());
        parker.park(); // woken by the other thread, before or after
        thread.join().unwrap();
        match *parker.woken.lock().unwrap() {
            false => Ok(()),
            true => Err("`park` must clear `woken`".into()),
        }
    })
}
