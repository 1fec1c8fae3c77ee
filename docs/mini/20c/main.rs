#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "model"))]
mod model;

use std::env;
use std::fs;
use std::future::poll_fn;
use std::net::{self, SocketAddr};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use mini::{Direction, Runner, current, run, sleep, spawn, timeout, yield_now};
use mio::Token;
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

/// Waits for a datagram, and takes it. Returns its length.
async fn receive(socket: &UdpSocket, token: Token) -> usize {
    let mut bytes = [0; 64];
    poll_fn(|cx| current().reactor.poll_ready(token, Direction::Read, cx)).await;
    socket.recv(&mut bytes).expect("a datagram")
}

/// Receives two datagrams. The second one arrives while the task sleeps.
async fn program() {
    let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let token = current().reactor.add(&mut socket).unwrap();
    for pause in [0, 200] {
        let (start, used) = (Instant::now(), processor_time());
        send(socket.local_addr().unwrap());
        sleep(Duration::from_millis(pause)).await;
        let n = receive(&socket, token).await;
        let time = start.elapsed().as_millis();
        let used = (processor_time() - used).as_millis();
        println!("{n} bytes after {time} ms, processor {used} ms");
    }
    current().reactor.remove(&mut socket, token);
}

/// Receives beside a task that is always ready.
async fn beside_a_busy_task() {
    spawn(async {
        loop {
            yield_now().await;
        }
    });
    program().await;
}

/// Sends a datagram to itself.
async fn to_itself() -> usize {
    let mut socket = UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let token = current().reactor.add(&mut socket).unwrap();
    let address = socket.local_addr().unwrap();
    socket.send_to(b"hello", address).unwrap();
    receive(&socket, token).await
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
    match env::args().nth(1).as_deref() {
        Some("busy") => run(beside_a_busy_task()),
        Some("virtual") => {
            let received = timeout(Duration::from_secs(1), to_itself());
            println!("{:?}", Runner::virtual_time().run(received));
        }
        _ => run(program()),
    }
}
