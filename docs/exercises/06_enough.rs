//! A stream without an end, and a reader that has had enough.

use std::cell::Cell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use docs::Exercise;
use executor::sleep;

/// Returns whether a reader is still connected.
struct Connection(Rc<Cell<bool>>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.set(false); // the server sees this
    }
}

struct Words {
    next: u32,
    _connection: Connection,
}

impl Words {
    async fn next(&mut self) -> Option<String> {
        sleep(Duration::from_millis(30)).await;
        self.next += 1;
        Some(format!("word{}", self.next))
    }
}

// TODO: read twenty words, close the connection, and then clean up.
async fn read(mut words: Words) -> usize {
    let mut count = 0;
    while let Some(word) = words.next().await {
        executor::println!("{word}");
        count += 1;
        if count == 20 {
            break;
        }
    }
    clean_up().await;
    count
}

/// Takes its time. The server should not go on meanwhile.
async fn clean_up() {
    sleep(Duration::from_secs(1)).await;
}

async fn program() -> (usize, Duration) {
    let open = Rc::new(Cell::new(true));
    let words = Words {
        next: 0,
        _connection: Connection(Rc::clone(&open)),
    };
    let start = executor::now();
    let closed = async {
        while open.get() {
            sleep(Duration::from_millis(10)).await;
        }
        executor::now() - start
    };
    executor::gather((read(words), closed)).await
}

fn main() -> ExitCode {
    let hint = "`drop(words)` when you have enough: what is dropped is closed";
    Exercise::new(hint).check(program(), |_, (count, closed)| {
        if count != 20 {
            return Err(format!("read {count} words, not 20"));
        }
        if closed > Duration::from_millis(700) {
            return Err("the stream was still open when the program ended".into());
        }
        Ok(())
    })
}
