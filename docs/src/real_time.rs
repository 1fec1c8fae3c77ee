//! Small programs that wait for threads and sockets, for the loop player too.
//!
//! Two runs of such a program differ in their times. So each was recorded
//! once, with the real clock, and the recording is kept; `tests/traces.rs`
//! holds that a run of today does the same things.

use std::io;
use std::thread;
use std::time::Duration;

use executor::instrument::{Trace, Tracer};
use executor::net::{TcpListener, TcpStream};
use executor::{Runner, sleep, spawn_named, to_thread};
use futures::io::{AsyncReadExt, AsyncWriteExt};

/// The names of the programs; those of their files too.
pub const NAMES: [&str; 2] = ["by_wire", "on_a_thread"];

/// Runs a program on a loop of its own and gives the recording.
pub fn record(name: &str) -> Trace {
    let tracer = Tracer::new();
    let mut runner = Runner::builder().instrument(tracer.clone()).build();
    match name {
        "by_wire" => runner.run(by_wire()).expect("the loopback is there"),
        "on_a_thread" => runner.run(on_a_thread()),
        other => panic!("there is no program {other}"),
    }
    drop(runner); // the end of the loop belongs to the recording
    let mut trace = tracer.trace();
    trace.program = name.into();
    trace.args = Vec::new();
    trace
}

/// A model at one end of a socket, a reader at the other.
async fn by_wire() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let model = spawn_named("model", async move {
        let (mut stream, _peer) = listener.accept().await?;
        for word in ["Once", "upon", "a", "time"] {
            sleep(Duration::from_millis(100)).await;
            stream.write_all(word.as_bytes()).await?;
        }
        Ok::<(), io::Error>(())
    });
    let mut stream = TcpStream::connect(addr).await?;
    let mut piece = [0; 64];
    loop {
        let length = stream.read(&mut piece).await?;
        if length == 0 {
            break;
        }
        executor::println!("{}", String::from_utf8_lossy(&piece[..length]));
    }
    model.await.expect("it returns")
}

/// A heart beats while a thread is held up.
async fn on_a_thread() {
    let heart = spawn_named("heart", async {
        for _ in 0..3 {
            sleep(Duration::from_millis(50)).await;
            executor::println!("beat");
        }
    });
    let text = to_thread(|| {
        thread::sleep(Duration::from_millis(200));
        "contents of notes.txt"
    });
    executor::println!("{}", text.await);
    heart.await.expect("it returns");
}
