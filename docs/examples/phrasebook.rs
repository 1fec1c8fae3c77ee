//! Every line of the phrase book, in a program that runs.

#![allow(
    clippy::redundant_closure,
    reason = "a page says `|| f()`, so that one sees that it is called there"
)]

use executor::net::{TcpListener, TcpStream, UdpSocket, lookup_host};
use executor::sync::{Event, Lock, Queue, Semaphore};
use executor::{
    ContextVar, Handle, Runner, ThreadPool, as_completed, cancelled, current_task, gather,
    interval, now, print_task_tree, race, run, run_in_executor, scope, sleep, sleep_until, spawn,
    spawn_named, tasks, testing, timeout, timeout_at, to_thread, try_gather, try_run, try_scope,
    yield_now,
};
use futures::{AsyncReadExt, AsyncWriteExt};
use std::time::Duration;

async fn f() -> u32 {
    1
}

async fn g() -> Result<u32, String> {
    Ok(2)
}

fn slow() -> u32 {
    3
}

static REQUEST: ContextVar<u32> = ContextVar::new("request");

fn entry_points() {
    let value = run(f());
    assert_eq!(value, 1);
    let result = try_run(f());
    assert!(result.is_ok());

    let mut runner = Runner::new();
    runner.run(f());
    runner.close();
    let mut runner = Runner::builder().debug(true).build();
    runner.run(f());

    let mut runner = Runner::builder().virtual_time().build();
    runner.run(sleep(Duration::from_secs(3600)));

    let background = Runner::background();
    background.run(|| f());
}

async fn tasks_and_time() {
    let task = spawn(f());
    let value = task.await.unwrap();
    assert_eq!(value, 1);
    let task = spawn_named("reader", f());
    task.cancel();
    let result = task.await;
    assert!(result.unwrap_err().is_cancelled());

    let me = current_task().unwrap();
    for task in tasks() {
        println!("{task}");
    }
    assert!(tasks().iter().any(|task| task.id() == me.id()));
    print_task_tree();

    let polite = spawn(async {
        cancelled().await;
        f().await // says goodbye
    });
    yield_now().await;
    let grace = Duration::from_secs(60);
    let last = polite.cancel_within(grace).await;
    assert_eq!(last.unwrap(), 1);

    sleep(Duration::from_millis(1)).await;
    sleep(Duration::ZERO).await;
    yield_now().await;
    let start = now();
    sleep_until(start + Duration::from_millis(1)).await;
    let mut ticks = interval(Duration::from_millis(1));
    ticks.tick().await;
}

async fn together() {
    let (a, b) = gather((f(), f())).await;
    assert_eq!(a + b, 2);
    let all = gather(vec![f(), f()]).await;
    assert_eq!(all, [1, 1]);
    let all = gather(vec![f(), f()]).limit(10).await;
    assert_eq!(all, [1, 1]);
    let results = gather([g(), g()]).await;
    assert_eq!(results, [Ok(2), Ok(2)]);
    let first_error = try_gather([g(), g()]).await;
    assert_eq!(first_error, Ok([2, 2]));
    let mut done = as_completed(vec![f(), f()]);
    while let Some((index, value)) = done.next().await {
        println!("{index}: {value}");
    }
    let (index, value) = race([f(), f()]).await;
    assert!(index < 2 && value == 1);
    let value = timeout(Duration::from_secs(1), f()).await;
    assert_eq!(value, Ok(1));
    let deadline = now() + Duration::from_secs(1);
    let value = timeout_at(deadline, f()).await;
    assert_eq!(value, Ok(1));
}

async fn children() {
    let numbers = [1, 2];
    let sum = scope(async |s| {
        let one = s.spawn(async { numbers[0] });
        let two = s.spawn(async { numbers[1] });
        one.await.unwrap() + two.await.unwrap()
    });
    assert_eq!(sum.await, 3);

    let first_error = try_scope(async |s| {
        s.spawn(async { g().await.map(drop) });
        s.spawn(async { Err::<(), _>("one child fails".to_string()) });
        Ok(())
    });
    assert_eq!(first_error.await, Err("one child fails".to_string()));
}

async fn waiting_for_each_other() {
    let lock = Lock::new(Vec::new());
    lock.lock().await.push(1);
    assert_eq!(*lock.lock().await, [1]);

    let event = Event::new();
    let setter = async {
        event.set();
    };
    gather((event.wait(), setter)).await;
    assert!(event.is_set());
    event.clear();

    let semaphore = Semaphore::new(2);
    let permit = semaphore.acquire().await;
    assert!(semaphore.try_acquire().is_some());
    drop(permit);

    let queue = Queue::new(10);
    queue.put("a job").await.unwrap();
    let item = queue.get().await.unwrap();
    assert_eq!(item, "a job");
    queue.task_done();
    queue.join().await;
    queue.put("the last job").await.unwrap();
    queue.close();
    assert_eq!(queue.try_get(), Ok("the last job"));
    assert!(queue.get().await.is_err());
}

fn in_every_order() {
    testing::explore(0..64, || async {
        let sum = gather((f(), f())).await;
        assert_eq!(sum, (1, 1));
    });
}

async fn threads() {
    let value = to_thread(|| slow()).await;
    assert_eq!(value, 3);
    let pool = ThreadPool::new(2);
    let value = run_in_executor(&pool, slow).await;
    assert_eq!(value, 3);

    let handle = Handle::current();
    let thread = std::thread::spawn(move || handle.spawn(|| f()).wait());
    let value = to_thread(|| thread.join().unwrap()).await;
    assert_eq!(value.unwrap(), 1);

    REQUEST.set(7);
    let request = REQUEST.get();
    assert_eq!(request, Some(7));
}

async fn network() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    let client = async {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(b"hello").await?;
        stream.close().await
    };
    let server = async {
        let (mut stream, _peer) = listener.accept().await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        std::io::Result::Ok(text)
    };
    let (sent, text) = gather((client, server)).await;
    sent?;
    assert_eq!(text?, "hello");

    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    socket.send_to(b"hello", socket.local_addr()?).await?;
    let addrs = lookup_host("127.0.0.1:80").await?;
    assert_eq!(addrs.len(), 1);
    Ok(())
}

#[cfg(unix)]
async fn processes() -> std::io::Result<()> {
    use executor::process::Command;
    let output = Command::new("echo").arg("hi").output().await?;
    assert_eq!(output.stdout, b"hi\n");
    Ok(())
}

#[cfg(not(unix))]
async fn processes() -> std::io::Result<()> {
    Ok(())
}

fn main() {
    entry_points();
    in_every_order();
    run(async {
        tasks_and_time().await;
        together().await;
        children().await;
        waiting_for_each_other().await;
        threads().await;
        network().await.unwrap();
        processes().await.unwrap();
    });
    println!("every line ran");
}
