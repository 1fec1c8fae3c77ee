#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "model"))]
mod model;

use std::fs;
use std::net::{self, SocketAddr};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use mini::{run, sleep, yield_now};
use mio::net::UdpSocket;

/// How long this thread has used a processor; zero if the system does not say.
fn processor_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

/// Stands for another program, which sends a datagram after 100 ms.
fn send(to: SocketAddr) {
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        let socket = net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(b"hello", to).unwrap();
    });
}

/// Asks for a datagram until there is one. Returns its length.
async fn receive(socket: &UdpSocket) -> usize {
    let mut bytes = [0; 64];
    while socket.peek(&mut bytes).is_err() {
        yield_now().await;
    }
    socket.recv(&mut bytes).expect("a datagram")
}

/// Receives two datagrams. The second one arrives while the task sleeps.
async fn program() {
    let socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    for pause in [0, 200] {
        let (start, used) = (Instant::now(), processor_time());
        send(socket.local_addr().unwrap());
        sleep(Duration::from_millis(pause)).await;
        let n = receive(&socket).await;
        let time = start.elapsed().as_millis();
        let used = (processor_time() - used).as_millis();
        println!("{n} bytes after {time} ms, processor {used} ms");
    }
}

/// Ends the process if the loop hangs.
fn watch() {
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(2));
        println!("nothing received after 2 s");
        process::exit(1);
    });
}

fn main() {
    watch();
    run(program());
}
