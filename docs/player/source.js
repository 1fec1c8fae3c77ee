// Made by generate.js from the files that it names. Do not edit.
var LOOP_SOURCE = {
 "rust": {
  "parts": [
   {
    "title": "executor/src/event_loop/run.rs · turn_until_done",
    "first": 170,
    "lines": [
     "fn turn_until_done(runtime: &Runtime, main: TaskKey, poll_main: Main<'_>) -> Result<(), RunError> {",
     "    let spare = runtime.spare_waker.take();",
     "    let mut spare = spare.unwrap_or_else(|| TaskWaker::unbound(runtime.inbox()));",
     "    let mut polls = 0;",
     "    loop {",
     "        runtime.ready.borrow_mut().start_turn(&runtime.rng);",
     "        runtime.emit(RUN, |hook| hook.turn_start());",
     "        // A closure, so that the borrow ends before the poll.",
     "        let next = || runtime.ready.borrow_mut().pop();",
     "        while let Some(task) = next() {",
     "            if poll_task(runtime, task, main, &mut spare, poll_main).is_ready() {",
     "                runtime.spare_waker.set(Some(spare));",
     "                return Ok(());",
     "            }",
     "            polls += 1;",
     "            if polls == POLLS_BETWEEN_LOOKS {",
     "                polls = 0;",
     "                look_around(runtime);",
     "                look_at_sources(runtime);",
     "            }",
     "        }",
     "        drain_inbox(runtime);",
     "        if runtime.ready.borrow().is_empty() {",
     "            look_around(runtime);",
     "            runtime.resume_stop();",
     "            if runtime.ready.borrow().is_empty() {",
     "                polls = 0;",
     "                wait_for_something(runtime)?;",
     "            }",
     "        }",
     "        runtime.resume_stop();",
     "    }",
     "}"
    ]
   },
   {
    "title": "executor/src/event_loop/run.rs · poll_task",
    "first": 207,
    "lines": [
     "fn poll_task(",
     "    runtime: &Runtime,",
     "    task: TaskKey,",
     "    main: TaskKey,",
     "    spare: &mut TaskWaker,",
     "    poll_main: Main<'_>,",
     ") -> Poll<()> {",
     "    let end = ready!(runtime.poll_once(task, spare, |work, cx| match work {",
     "        Some(work) => work.as_mut().poll(cx),",
     "        None => {",
     "            debug_assert!(task == main, \"every other task in the queue has its future\");",
     "            poll_main(cx)",
     "        }",
     "    }));",
     "    match end {",
     "        Polled::Gone | Polled::Cancelled(None) => return Poll::Pending,",
     "        Polled::Returned(Some(work)) => runtime.finish(task, Some(work), Ending::Returned),",
     "        Polled::Returned(None) => return Poll::Ready(()),",
     "        Polled::Cancelled(Some(work)) => runtime.fail(task, work, None),",
     "        Polled::Panicked(Some(work), panic) => runtime.fail(task, work, Some(panic)),",
     "        Polled::Panicked(None, panic) => resume_unwind(panic),",
     "    }",
     "    runtime.resume_stop();",
     "    Poll::Pending",
     "}"
    ]
   },
   {
    "title": "executor/src/event_loop/run.rs · poll_once",
    "first": 250,
    "lines": [
     "pub(crate) fn poll_once(",
     "    &self,",
     "    key: TaskKey,",
     "    spare: &mut TaskWaker,",
     "    poll: impl FnOnce(Option<&mut BoxedWork>, &mut Context<'_>) -> Poll<()>,",
     ") -> Poll<Polled> {",
     "    let (mut work, own) = {",
     "        let mut tasks = self.tasks.borrow_mut();",
     "        let Some(task) = tasks.get_mut(key) else {",
     "            return Poll::Ready(Polled::Gone);",
     "        };",
     "        if task.state >= State::CancelRequested {",
     "            return Poll::Ready(match task.state {",
     "                State::CancelRequested => Polled::Cancelled(task.work.take()),",
     "                _ => Polled::Gone,",
     "            });",
     "        }",
     "        // Before the poll, so that a wake during the poll queues it again;",
     "        // a task that has ended keeps the mark, and no wake queues it.",
     "        task.is_woken = false;",
     "        task.polls = task.polls.wrapping_add(1);",
     "        (task.work.take(), task.waker.clone())",
     "    };",
     "    let waker = poll_waker(own.as_deref(), spare, key.to_bits());",
     "    let nested = self.poll.enter(key, waker.waker());",
     "    self.emit(POLL, move |hook| hook.poll_start(key));",
     "    let mut cx = Context::from_waker(waker.waker());",
     "    let result = catch_unwind(AssertUnwindSafe(|| poll(work.as_mut(), &mut cx)));",
     "    let end = |how| self.end_poll(key, how, nested, own, spare);",
     "    // Each outcome ends the poll for itself: a result that was matched",
     "    // later would be stored and loaded (20 of 260 instructions a poll).",
     "    match result {",
     "        Ok(Poll::Pending) => {",
     "            end(None);",
     "            if let Some(task) = self.tasks.borrow_mut().get_mut(key) {",
     "                task.work = work; // into an empty slot",
     "            }",
     "            Poll::Pending",
     "        }",
     "        Ok(Poll::Ready(())) => {",
     "            end(Some(Ending::Returned));",
     "            Poll::Ready(Polled::Returned(work))",
     "        }",
     "        Err(panic) => {",
     "            end(Some(Ending::Panicked));",
     "            Poll::Ready(Polled::Panicked(work, panic))",
     "        }",
     "    }",
     "}"
    ]
   },
   {
    "title": "executor/src/event_loop/run.rs · end_poll",
    "first": 303,
    "lines": [
     "fn end_poll(",
     "    &self,",
     "    key: TaskKey,",
     "    how: Option<Ending>,",
     "    nested: bool,",
     "    own: Option<Rc<TaskWaker>>,",
     "    spare: &mut TaskWaker,",
     ") {",
     "    if self.hooks.wants(POLL) {",
     "        let clones = own.as_deref().unwrap_or(spare).clones();",
     "        let is_waiter = self.poll.leave(nested);",
     "        self.emit(POLL, move |hook| hook.poll_end(key, how, is_waiter, clones));",
     "    } else {",
     "        self.poll.leave(nested);",
     "    }",
     "    if own.is_none() && spare.is_cloned() {",
     "        let kept = spare.replace_if_cloned().map(Rc::new);",
     "        self.with_task(key, |task| task.waker = kept);",
     "    }",
     "}"
    ]
   },
   {
    "title": "executor/src/event_loop/look.rs · look_around",
    "first": 32,
    "lines": [
     "pub(super) fn look_around(runtime: &Runtime) {",
     "    drain_inbox(runtime);",
     "    fire_due_timers(runtime);",
     "}"
    ]
   },
   {
    "title": "executor/src/event_loop/look.rs · drain_inbox",
    "first": 40,
    "lines": [
     "pub(crate) fn drain_inbox(runtime: &Runtime) {",
     "    if runtime.inbox().has_messages() {",
     "        handle_messages(runtime);",
     "    }",
     "}"
    ]
   },
   {
    "title": "executor/src/event_loop/look.rs · handle_messages",
    "first": 46,
    "lines": [
     "fn handle_messages(runtime: &Runtime) {",
     "    let messages = &runtime.messages;",
     "    runtime.inbox().drain(&mut messages.borrow_mut());",
     "    runtime.handles_at_home.take(); // a task that is woken may give its handle away",
     "    let n = messages.borrow().len();",
     "    runtime.emit(INBOX, move |hook| hook.inbox_drained(n));",
     "    let next = || messages.borrow_mut().pop_front();",
     "    while let Some(message) = next() {",
     "        runtime.emit(INBOX, |hook| hook.inbox_message());",
     "        match message {",
     "            Message::Wake(task) => runtime.wake(task),",
     "            Message::Cancel(task) => drop(runtime.request_cancel(task)),",
     "            Message::JobDone(job) => {",
     "                if let Some(jobs) = runtime.jobs.get() {",
     "                    jobs.end(runtime, job);",
     "                }",
     "            }",
     "            Message::Run(call) => catch_and_report(\"a call from another thread\", call),",
     "            Message::Nudge => {}",
     "        }",
     "    }",
     "}"
    ]
   },
   {
    "title": "executor/src/event_loop/look.rs · fire_due_timers",
    "first": 70,
    "lines": [
     "fn fire_due_timers(runtime: &Runtime) {",
     "    if runtime.timers.borrow().next_deadline().is_none() {",
     "        return; // and the clock need not be read",
     "    }",
     "    let now = runtime.clock.now();",
     "    loop {",
     "        let due = runtime.timers.borrow_mut().pop_due(now);",
     "        let Some((timer, waiter)) = due else { return };",
     "        runtime.emit(TIMER, move |hook| hook.timer_fire(timer));",
     "        runtime.wake_waiter(waiter);",
     "    }",
     "}"
    ]
   },
   {
    "title": "executor/src/event_loop/look.rs · wait_for_something",
    "first": 117,
    "lines": [
     "pub(super) fn wait_for_something(runtime: &Runtime) -> Result<(), RunError> {",
     "    runtime.driver.owner.refuse_forked_child();",
     "    let deadline = runtime.timers.borrow().next_deadline();",
     "    runtime.emit(PARK, move |hook| hook.park_start(deadline));",
     "    let handles_at_home = runtime.handles_at_home.take();",
     "    let mut io = false;",
     "    match deadline {",
     "        _ if runtime.clock.is_virtual() && !is_quiet(runtime) => {}",
     "        Some(deadline) if runtime.clock.is_virtual() => runtime.clock.jump_to(deadline),",
     "        Some(deadline) => {",
     "            let left = deadline.saturating_sub(runtime.clock.now());",
     "            io = or_panic(park(runtime, Some(Duration::from_nanos(left))));",
     "        }",
     "        None if runtime.has_jobs() || has_source_waiters(runtime) => {",
     "            io = or_panic(park(runtime, None));",
     "        }",
     "        None if wake_unsure_waiter(runtime) => {}",
     "        None => wait_for_other_threads(runtime, handles_at_home)?,",
     "    }",
     "    runtime.emit(PARK, move |hook| hook.park_end(io));",
     "    look_around(runtime);",
     "    Ok(())",
     "}"
    ]
   }
  ],
  "places": {
   "turn": [
    0,
    175
   ],
   "poll.start": [
    2,
    275
   ],
   "inside": [
    1,
    215
   ],
   "inside.main": [
    1,
    218
   ],
   "poll.end": [
    3,
    314
   ],
   "task.done": [
    1,
    223
   ],
   "task.cancelled": [
    1,
    225
   ],
   "task.panicked": [
    1,
    226
   ],
   "main.done": [
    0,
    182
   ],
   "main.stalled": [
    0,
    197
   ],
   "main.panicked": [
    1,
    227
   ],
   "inbox.drain": [
    6,
    51
   ],
   "inbox.wake": [
    6,
    56
   ],
   "inbox.job": [
    6,
    58
   ],
   "timer.fire": [
    7,
    78
   ],
   "timer.wake": [
    7,
    79
   ],
   "park.start": [
    8,
    120
   ],
   "park.wait": [
    8,
    123
   ],
   "park.end": [
    8,
    136
   ],
   "io.event": [
    0,
    188
   ]
  }
 },
 "python": {
  "parts": [
   {
    "title": "asyncio’s loop, retold in our own words",
    "first": 1,
    "lines": [
     "while not stopping:",
     "    # how long may we sleep?",
     "    timeout = 0 if ready else first_deadline - now",
     "    sockets = selector.select(timeout)",
     "    for socket in sockets:",
     "        ready.append(socket.callback)",
     "    for timer in timers_due(now):",
     "        ready.append(timer.callback)",
     "",
     "    for callback in ready_as_it_is_now:",
     "        if callback is a step of a task:",
     "            coroutine.send(None)  # to its next wait",
     "            # it waits, or has returned",
     "        else: callback()  # may wake a task",
     "# the main task has returned: stop"
    ]
   }
  ],
  "places": {
   "park.start": [
    0,
    4
   ],
   "park.end": [
    0,
    4
   ],
   "io.event": [
    0,
    5
   ],
   "timer.fire": [
    0,
    7
   ],
   "timer.wake": [
    0,
    8
   ],
   "turn": [
    0,
    10
   ],
   "poll.start": [
    0,
    11
   ],
   "inside": [
    0,
    12
   ],
   "poll.end": [
    0,
    13
   ],
   "call.start": [
    0,
    14
   ],
   "call.end": [
    0,
    14
   ],
   "main.done": [
    0,
    15
   ],
   "inside.main": [
    0,
    12
   ],
   "main.panicked": [
    0,
    15
   ],
   "main.stalled": [
    0,
    15
   ],
   "task.panicked": [
    0,
    13
   ],
   "task.cancelled": [
    0,
    13
   ],
   "task.done": [
    0,
    13
   ],
   "park.wait": [
    0,
    5
   ],
   "inbox.job": [
    0,
    5
   ],
   "inbox.wake": [
    0,
    5
   ],
   "inbox.drain": [
    0,
    5
   ]
  }
 },
 "programs": {
  "fetch_data.py": {
   "parts": [
    {
     "title": "docs/player/fetch_data.py",
     "first": 9,
     "lines": [
      "SECONDS_TO_ANSWER = 2",
      "",
      "",
      "async def fetch_data(source):",
      "    print(f\"Fetching from {source}...\")",
      "    await asyncio.sleep(SECONDS_TO_ANSWER)",
      "    return f\"Data from {source}\"",
      "",
      "",
      "async def main(sources):",
      "    fetches = [fetch_data(source) for source in sources]",
      "    for answer in await asyncio.gather(*fetches):",
      "        print(answer)",
      "",
      "",
      "if __name__ == \"__main__\":",
      "    asyncio.run(main(sys.argv[1:] or [\"API 1\", \"API 2\", \"API 3\"]))"
     ]
    }
   ]
  },
  "borrowing": {
   "parts": [
    {
     "title": "docs/src/programs.rs · fetch",
     "first": 128,
     "lines": [
      "async fn fetch(source: &str, seconds: u64) -> String {",
      "    executor::println!(\"Fetching from {source}...\");",
      "    sleep(Duration::from_secs(seconds)).await;",
      "    format!(\"Data from {source}\")",
      "}"
     ]
    },
    {
     "title": "docs/src/programs.rs · borrowing",
     "first": 156,
     "lines": [
      "async fn borrowing() {",
      "    let sources = vec![\"API 1\".to_string(), \"API 2\".to_string()];",
      "    scope(async |s| {",
      "        for source in &sources {",
      "            s.spawn_named(source.as_str(), async move {",
      "                let result = fetch(source, 2).await;",
      "                executor::println!(\"{result}\");",
      "            });",
      "        }",
      "    })",
      "    .await;",
      "    executor::println!(\"{} sources, still ours\", sources.len());",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 160,
    "9": 160,
    "16": 129,
    "17": 130,
    "18": 130,
    "22": 129,
    "23": 130,
    "24": 130,
    "41": 162,
    "45": 162,
    "48": 167
   }
  },
  "by_wire": {
   "parts": [
    {
     "title": "docs/src/real_time.rs · by_wire",
     "first": 35,
     "lines": [
      "/// A model at one end of a socket, a reader at the other.",
      "async fn by_wire() -> io::Result<()> {",
      "    let listener = TcpListener::bind(\"127.0.0.1:0\").await?;",
      "    let addr = listener.local_addr()?;",
      "    let model = spawn_named(\"model\", async move {",
      "        let (mut stream, _peer) = listener.accept().await?;",
      "        for word in [\"Once\", \"upon\", \"a\", \"time\"] {",
      "            sleep(Duration::from_millis(100)).await;",
      "            stream.write_all(word.as_bytes()).await?;",
      "        }",
      "        Ok::<(), io::Error>(())",
      "    });",
      "    let mut stream = TcpStream::connect(addr).await?;",
      "    let mut piece = [0; 64];",
      "    loop {",
      "        let length = stream.read(&mut piece).await?;",
      "        if length == 0 {",
      "            break;",
      "        }",
      "        executor::println!(\"{}\", String::from_utf8_lossy(&piece[..length]));",
      "    }",
      "    model.await.expect(\"it returns\")",
      "}"
     ]
    }
   ],
   "lines": {
    "6": 39,
    "19": 42,
    "20": 42,
    "39": 42,
    "40": 42,
    "50": 54,
    "62": 42,
    "63": 42,
    "73": 54,
    "88": 42,
    "89": 42,
    "99": 54,
    "126": 54
   }
  },
  "cancel": {
   "parts": [
    {
     "title": "docs/src/programs.rs · cancel",
     "first": 170,
     "lines": [
      "async fn cancel() {",
      "    let heart = spawn_named(\"heartbeat\", async {",
      "        loop {",
      "            sleep(Duration::from_secs(1)).await;",
      "            executor::println!(\"beat\");",
      "        }",
      "    });",
      "    sleep(Duration::from_millis(2500)).await;",
      "    mark(\"enough\");",
      "    heart.cancel();",
      "    let ended = heart.await.expect_err(\"it never returns\");",
      "    executor::println!(\"{}\", ended.is_cancelled());",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 171,
    "24": 174,
    "35": 174,
    "59": 181
   }
  },
  "cancel_is_drop": {
   "parts": [
    {
     "title": "docs/mini/16b/main.rs · part",
     "first": 28,
     "lines": [
      "async fn part() {",
      "    let _guard = Guard(\"the part\");",
      "    sleep(Duration::from_secs(3_600)).await;",
      "}"
     ]
    },
    {
     "title": "docs/mini/16b/main.rs · download",
     "first": 33,
     "lines": [
      "async fn download() {",
      "    let _guard = Guard(\"the download\");",
      "    let _part = CancelOnDrop(spawn(part()));",
      "    sleep(Duration::from_secs(3_600)).await;",
      "}"
     ]
    },
    {
     "title": "docs/mini/16b/main.rs · main",
     "first": 39,
     "lines": [
      "fn main() {",
      "    Runner::virtual_time().run(async {",
      "        let task = spawn(download());",
      "        sleep(Duration::from_secs(1)).await;",
      "        println!(\"cancel: {}, again: {}\", task.cancel(), task.cancel());",
      "        println!(\"the handle gives {:?}\", task.await);",
      "    });",
      "}"
     ]
    }
   ],
   "lines": {}
  },
  "fetch_data": {
   "parts": [
    {
     "title": "docs/src/programs.rs · fetch",
     "first": 128,
     "lines": [
      "async fn fetch(source: &str, seconds: u64) -> String {",
      "    executor::println!(\"Fetching from {source}...\");",
      "    sleep(Duration::from_secs(seconds)).await;",
      "    format!(\"Data from {source}\")",
      "}"
     ]
    },
    {
     "title": "docs/src/programs.rs · fetch_data",
     "first": 134,
     "lines": [
      "async fn fetch_data() {",
      "    let results = gather((fetch(\"API 1\", 2), fetch(\"API 2\", 2), fetch(\"API 3\", 2))).await;",
      "    for result in <[String; 3]>::from(results) {",
      "        executor::println!(\"{result}\");",
      "    }",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 135,
    "6": 129,
    "7": 130,
    "8": 130,
    "9": 135,
    "10": 129,
    "11": 130,
    "12": 130,
    "13": 135,
    "14": 129,
    "15": 130,
    "16": 130,
    "30": 135,
    "31": 135,
    "32": 135,
    "33": 135,
    "34": 135,
    "35": 135,
    "36": 137,
    "37": 137,
    "38": 137
   }
  },
  "freed_timers": {
   "parts": [
    {
     "title": "docs/mini/14c/main.rs · millis",
     "first": 13,
     "lines": [
      "fn millis(n: u64) -> Duration {",
      "    Duration::from_millis(n)",
      "}"
     ]
    },
    {
     "title": "docs/mini/14c/main.rs · within",
     "first": 17,
     "lines": [
      "/// Returns whether `work` returned before the limit. Then drops both.",
      "async fn within(limit: Duration, work: impl Future) -> bool {",
      "    let (mut work, mut timer) = (pin!(work), pin!(sleep(limit)));",
      "    poll_fn(|cx| match work.as_mut().poll(cx) {",
      "        Poll::Ready(_) => Poll::Ready(true),",
      "        Poll::Pending => timer.as_mut().poll(cx).map(|()| false),",
      "    })",
      "    .await",
      "}"
     ]
    },
    {
     "title": "docs/mini/14c/main.rs · count_polls",
     "first": 27,
     "lines": [
      "/// Counts how often a future is polled.",
      "async fn count_polls(future: impl Future) -> u32 {",
      "    let (mut future, mut polls) = (pin!(future), 0);",
      "    poll_fn(|cx| {",
      "        polls += 1;",
      "        future.as_mut().poll(cx).map(|_| polls)",
      "    })",
      "    .await",
      "}"
     ]
    },
    {
     "title": "docs/mini/14c/main.rs · main",
     "first": 37,
     "lines": [
      "fn main() {",
      "    run(async {",
      "        for n in 1..=3 {",
      "            let in_time = within(millis(100 * n), sleep(millis(10))).await;",
      "            println!(\"answer {n} came in time: {in_time}\");",
      "        }",
      "        println!(\"one sleep, {} polls\", count_polls(sleep(millis(500))).await);",
      "    });",
      "}"
     ]
    }
   ],
   "lines": {}
  },
  "jobs": {
   "parts": [
    {
     "title": "docs/src/programs.rs · jobs",
     "first": 226,
     "lines": [
      "async fn jobs() {",
      "    let job = |seconds| async move {",
      "        sleep(Duration::from_secs(seconds)).await;",
      "        executor::println!(\"a job of {seconds} s is done\");",
      "    };",
      "    gather([1, 3, 2, 1, 1].map(job).into_iter().collect::<Vec<_>>())",
      "        .limit(2)",
      "        .await;",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 231,
    "6": 228,
    "7": 228,
    "8": 231,
    "9": 228,
    "10": 228,
    "20": 231,
    "21": 229,
    "22": 231,
    "23": 231,
    "24": 228,
    "25": 228,
    "35": 231,
    "36": 229,
    "37": 231,
    "38": 231,
    "39": 229,
    "40": 231,
    "41": 231,
    "42": 228,
    "43": 228,
    "44": 231,
    "45": 228,
    "46": 228,
    "56": 231,
    "57": 229,
    "58": 231,
    "59": 231,
    "60": 229,
    "61": 231
   }
  },
  "join": {
   "parts": [
    {
     "title": "docs/mini/13e/main.rs · say",
     "first": 8,
     "lines": [
      "async fn say(name: &'static str, times: u32) -> u32 {",
      "    for n in 1..=times {",
      "        println!(\"{name} {n}\");",
      "        yield_now().await;",
      "    }",
      "    times",
      "}"
     ]
    },
    {
     "title": "docs/mini/13e/main.rs · parent",
     "first": 16,
     "lines": [
      "async fn parent() -> u32 {",
      "    let child = spawn(say(\"child\", 3));",
      "    let own = say(\"parent\", 3).await;",
      "    own + child.await",
      "}"
     ]
    },
    {
     "title": "docs/mini/13e/main.rs · main",
     "first": 22,
     "lines": [
      "fn main() {",
      "    let lines = run(async { spawn(parent()).await });",
      "    println!(\"{lines} lines\");",
      "}"
     ]
    }
   ],
   "lines": {}
  },
  "leaked_timers": {
   "parts": [
    {
     "title": "docs/mini/14b/main.rs · millis",
     "first": 13,
     "lines": [
      "fn millis(n: u64) -> Duration {",
      "    Duration::from_millis(n)",
      "}"
     ]
    },
    {
     "title": "docs/mini/14b/main.rs · within",
     "first": 17,
     "lines": [
      "/// Returns whether `work` returned before the limit. Then drops both.",
      "async fn within(limit: Duration, work: impl Future) -> bool {",
      "    let (mut work, mut timer) = (pin!(work), pin!(sleep(limit)));",
      "    poll_fn(|cx| match work.as_mut().poll(cx) {",
      "        Poll::Ready(_) => Poll::Ready(true),",
      "        Poll::Pending => timer.as_mut().poll(cx).map(|()| false),",
      "    })",
      "    .await",
      "}"
     ]
    },
    {
     "title": "docs/mini/14b/main.rs · count_polls",
     "first": 27,
     "lines": [
      "/// Counts how often a future is polled.",
      "async fn count_polls(future: impl Future) -> u32 {",
      "    let (mut future, mut polls) = (pin!(future), 0);",
      "    poll_fn(|cx| {",
      "        polls += 1;",
      "        future.as_mut().poll(cx).map(|_| polls)",
      "    })",
      "    .await",
      "}"
     ]
    },
    {
     "title": "docs/mini/14b/main.rs · main",
     "first": 37,
     "lines": [
      "fn main() {",
      "    run(async {",
      "        for n in 1..=3 {",
      "            let in_time = within(millis(100 * n), sleep(millis(10))).await;",
      "            println!(\"answer {n} came in time: {in_time}\");",
      "        }",
      "        println!(\"one sleep, {} polls\", count_polls(sleep(millis(500))).await);",
      "    });",
      "}"
     ]
    }
   ],
   "lines": {}
  },
  "leftovers": {
   "parts": [
    {
     "title": "docs/mini/23a/main.rs · serve",
     "first": 23,
     "lines": [
      "async fn serve(name: &'static str) {",
      "    let _connection = Open(name);",
      "    sleep(Duration::from_secs(3600)).await;",
      "}"
     ]
    },
    {
     "title": "docs/mini/23a/main.rs · main",
     "first": 33,
     "lines": [
      "fn main() {",
      "    match env::args().nth(1).as_deref() {",
      "        Some(\"save\") => run(async {",
      "            let save = timeout(Duration::from_millis(100), to_thread(save));",
      "            println!(\"saved in time: {}\", save.await.is_ok());",
      "        }),",
      "        _ => Runner::virtual_time().run(async {",
      "            for name in [\"one\", \"two\", \"three\"] {",
      "                spawn(serve(name));",
      "            }",
      "            yield_now().await; // each of them gets its first poll",
      "        }),",
      "    }",
      "    println!(\"run has returned\");",
      "}"
     ]
    }
   ],
   "lines": {}
  },
  "lines": {
   "parts": [
    {
     "title": "docs/mini/22a/main.rs · send_in_pieces",
     "first": 15,
     "lines": [
      "/// Sends the text in four pieces to the first client.",
      "async fn send_in_pieces(listener: TcpListener) -> io::Result<()> {",
      "    let (stream, _) = listener.accept().await?;",
      "    let bytes = TEXT.as_bytes();",
      "    // The third piece begins in the middle of the letter ü.",
      "    for piece in [&bytes[..2], &bytes[2..9], &bytes[9..30], &bytes[30..]] {",
      "        stream.write_all(piece).await?;",
      "        sleep(Duration::from_millis(10)).await; // each one is read alone",
      "    }",
      "    Ok(())",
      "}"
     ]
    },
    {
     "title": "docs/mini/22a/main.rs · program",
     "first": 27,
     "lines": [
      "async fn program() -> io::Result<()> {",
      "    let listener = TcpListener::bind(\"127.0.0.1:0\").await?;",
      "    let address = listener.local_addr()?;",
      "    spawn(send_in_pieces(listener));",
      "    let stream = TcpStream::connect(address).await?;",
      "    let mut lines = Lines::new(&stream);",
      "    while let Some(line) = next(&mut lines).await {",
      "        match line {",
      "            Ok(line) => println!(\"{line:?}\"),",
      "            Err(error) => println!(\"not text: {error}\"),",
      "        }",
      "    }",
      "    Ok(())",
      "}"
     ]
    },
    {
     "title": "docs/mini/22a/main.rs · main",
     "first": 42,
     "lines": [
      "fn main() -> io::Result<()> {",
      "    run(program())",
      "}"
     ]
    }
   ],
   "lines": {
    "13": 22,
    "14": 22,
    "32": 22,
    "33": 22,
    "51": 22,
    "52": 22,
    "70": 22,
    "71": 22
   }
  },
  "lost_waker": {
   "parts": [
    {
     "title": "docs/src/programs.rs · lost_waker",
     "first": 191,
     "lines": [
      "async fn lost_waker() {",
      "    let forgetful = spawn_named(\"forgetful\", async {",
      "        let mut polls = 0;",
      "        poll_fn(|_| {",
      "            polls += 1;",
      "            // Wrong: it says \"later\", and keeps no waker to be called with.",
      "            if polls == 2 {",
      "                Poll::Ready(())",
      "            } else {",
      "                Poll::Pending",
      "            }",
      "        })",
      "        .await;",
      "    });",
      "    drop(spawn_named(\"never\", pending::<()>()));",
      "    forgetful",
      "        .await",
      "        .expect(\"it would return, had it been polled again\");",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 192,
    "7": 205
   }
  },
  "no_turns": {
   "parts": [
    {
     "title": "docs/examples/await_may_not_yield.rs · step",
     "first": 7,
     "lines": [
      "async fn step(name: &str, n: u32) {",
      "    executor::println!(\"{name} {n}\");",
      "}"
     ]
    },
    {
     "title": "docs/examples/await_may_not_yield.rs · three_steps",
     "first": 11,
     "lines": [
      "async fn three_steps(name: &str) {",
      "    for n in 0..3 {",
      "        step(name, n).await;",
      "    }",
      "}"
     ]
    },
    {
     "title": "docs/examples/await_may_not_yield.rs · program",
     "first": 17,
     "lines": [
      "/// The program, for `main` and for `watched`.",
      "pub async fn program() {",
      "    gather((three_steps(\"busy\"), three_steps(\"other\"))).await;",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 19,
    "6": 8,
    "7": 8,
    "8": 8,
    "9": 19,
    "10": 19,
    "11": 8,
    "12": 8,
    "13": 8,
    "14": 19
   }
  },
  "on_a_thread": {
   "parts": [
    {
     "title": "docs/src/real_time.rs · on_a_thread",
     "first": 59,
     "lines": [
      "/// A heart beats while a thread is held up.",
      "async fn on_a_thread() {",
      "    let heart = spawn_named(\"heart\", async {",
      "        for _ in 0..3 {",
      "            sleep(Duration::from_millis(50)).await;",
      "            executor::println!(\"beat\");",
      "        }",
      "    });",
      "    let text = to_thread(|| {",
      "        thread::sleep(Duration::from_millis(200));",
      "        \"contents of notes.txt\"",
      "    });",
      "    executor::println!(\"{}\", text.await);",
      "    heart.await.expect(\"it returns\");",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 61,
    "7": 67,
    "25": 64,
    "36": 64,
    "47": 64,
    "60": 71
   }
  },
  "one_after_another": {
   "parts": [
    {
     "title": "docs/src/programs.rs · fetch",
     "first": 128,
     "lines": [
      "async fn fetch(source: &str, seconds: u64) -> String {",
      "    executor::println!(\"Fetching from {source}...\");",
      "    sleep(Duration::from_secs(seconds)).await;",
      "    format!(\"Data from {source}\")",
      "}"
     ]
    },
    {
     "title": "docs/src/programs.rs · one_after_another",
     "first": 141,
     "lines": [
      "async fn one_after_another() {",
      "    for source in [\"API 1\", \"API 2\", \"API 3\"] {",
      "        let result = fetch(source, 2).await;",
      "        executor::println!(\"{result}\");",
      "    }",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 129,
    "6": 130,
    "7": 130,
    "17": 144,
    "18": 129,
    "19": 130,
    "20": 130,
    "29": 144,
    "30": 129,
    "31": 130,
    "32": 130,
    "41": 144
   }
  },
  "own_loop": {
   "parts": [
    {
     "title": "docs/mini/24a/main.rs · main",
     "first": 18,
     "lines": [
      "fn main() {",
      "    Runner::virtual_time().run(async {",
      "        let start = now();",
      "        for line in gather([\"API 1\", \"API 2\", \"API 3\"].map(fetch_data)).await {",
      "            println!(\"{line}\");",
      "        }",
      "        println!(\"elapsed: {:?}\", now() - start);",
      "    });",
      "}"
     ]
    }
   ],
   "lines": {}
  },
  "partial_write": {
   "parts": [
    {
     "title": "docs/mini/21b/main.rs · send",
     "first": 15,
     "lines": [
      "/// Sends one big message to the first client, and closes the connection.",
      "async fn send(listener: TcpListener) -> io::Result<()> {",
      "    let (stream, _) = listener.accept().await?;",
      "    let message = vec![0; SIZE];",
      "    stream.write_all(&message).await",
      "}"
     ]
    },
    {
     "title": "docs/mini/21b/main.rs · receive",
     "first": 22,
     "lines": [
      "/// Counts the bytes that arrive until the sender closes.",
      "async fn receive(address: SocketAddr) -> io::Result<usize> {",
      "    let stream = TcpStream::connect(address).await?;",
      "    let (mut buffer, mut received) = (vec![0; 64 * 1024], 0);",
      "    loop {",
      "        match stream.read(&mut buffer).await? {",
      "            0 => return Ok(received),",
      "            n => received += n,",
      "        }",
      "    }",
      "}"
     ]
    },
    {
     "title": "docs/mini/21b/main.rs · program",
     "first": 34,
     "lines": [
      "async fn program() -> io::Result<()> {",
      "    let listener = TcpListener::bind(\"127.0.0.1:0\").await?;",
      "    let address = listener.local_addr()?;",
      "    let sender = spawn(send(listener));",
      "    let received = receive(address).await?;",
      "    sender.await.unwrap()?;",
      "    println!(\"{received} of {SIZE} bytes arrived\");",
      "    Ok(())",
      "}"
     ]
    },
    {
     "title": "docs/mini/21b/main.rs · main",
     "first": 44,
     "lines": [
      "fn main() -> io::Result<()> {",
      "    run(program())",
      "}"
     ]
    }
   ],
   "lines": {}
  },
  "race": {
   "parts": [
    {
     "title": "docs/mini/17b/main.rs · fetch",
     "first": 10,
     "lines": [
      "async fn fetch(name: &str, seconds: u64) -> &str {",
      "    sleep(Duration::from_secs(seconds)).await;",
      "    name",
      "}"
     ]
    },
    {
     "title": "docs/mini/17b/main.rs · program",
     "first": 15,
     "lines": [
      "async fn program() {",
      "    let sources = [fetch(\"far\", 3), fetch(\"near\", 1), fetch(\"middle\", 2)];",
      "    let first = race(sources).await;",
      "    println!(\"race: {first:?}\");",
      "",
      "    let limit = Duration::from_secs(1);",
      "    let fetches = [fetch(\"in time\", 1), fetch(\"too late\", 9)];",
      "    let both = gather(fetches.map(|fetch| timeout(limit, fetch))).await;",
      "    println!(\"timeout: {both:?}\");",
      "}"
     ]
    },
    {
     "title": "docs/mini/17b/main.rs · main",
     "first": 26,
     "lines": [
      "fn main() {",
      "    let mut runner = Runner::virtual_time();",
      "    runner.run(async {",
      "        let start = now();",
      "        program().await;",
      "        println!(\"after {:?}\", now() - start);",
      "    });",
      "}"
     ]
    }
   ],
   "lines": {}
  },
  "reactor": {
   "parts": [
    {
     "title": "docs/mini/20c/main.rs · processor_time",
     "first": 20,
     "lines": [
      "/// How long this thread has used a processor; zero if the system does not say.",
      "fn processor_time() -> Duration {",
      "    let text = fs::read_to_string(\"/proc/thread-self/schedstat\").unwrap_or_default();",
      "    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse().ok());",
      "    Duration::from_nanos(nanos.unwrap_or(0))",
      "}"
     ]
    },
    {
     "title": "docs/mini/20c/main.rs · send",
     "first": 27,
     "lines": [
      "/// Stands for another program, which sends a datagram after 100 ms.",
      "fn send(to: SocketAddr) {",
      "    thread::spawn(move || {",
      "        thread::sleep(Duration::from_millis(100));",
      "        let socket = net::UdpSocket::bind(\"127.0.0.1:0\").unwrap();",
      "        socket.send_to(b\"hello\", to).unwrap();",
      "    });",
      "}"
     ]
    },
    {
     "title": "docs/mini/20c/main.rs · receive",
     "first": 36,
     "lines": [
      "/// Waits for a datagram, and takes it. Returns its length.",
      "async fn receive(socket: &UdpSocket, token: Token) -> usize {",
      "    let mut bytes = [0; 64];",
      "    poll_fn(|cx| current().reactor.poll_ready(token, Direction::Read, cx)).await;",
      "    socket.recv(&mut bytes).expect(\"a datagram\")",
      "}"
     ]
    },
    {
     "title": "docs/mini/20c/main.rs · program",
     "first": 43,
     "lines": [
      "/// Receives two datagrams. The second one arrives while the task sleeps.",
      "async fn program() {",
      "    let mut socket = UdpSocket::bind(\"127.0.0.1:0\".parse().unwrap()).unwrap();",
      "    let token = current().reactor.add(&mut socket).unwrap();",
      "    for pause in [0, 200] {",
      "        let (start, used) = (Instant::now(), processor_time());",
      "        send(socket.local_addr().unwrap());",
      "        sleep(Duration::from_millis(pause)).await;",
      "        let n = receive(&socket, token).await;",
      "        let time = start.elapsed().as_millis();",
      "        let used = (processor_time() - used).as_millis();",
      "        println!(\"{n} bytes after {time} ms, processor {used} ms\");",
      "    }",
      "    current().reactor.remove(&mut socket, token);",
      "}"
     ]
    },
    {
     "title": "docs/mini/20c/main.rs · beside_a_busy_task",
     "first": 59,
     "lines": [
      "/// Receives beside a task that is always ready.",
      "async fn beside_a_busy_task() {",
      "    spawn(async {",
      "        loop {",
      "            yield_now().await;",
      "        }",
      "    });",
      "    program().await;",
      "}"
     ]
    },
    {
     "title": "docs/mini/20c/main.rs · to_itself",
     "first": 69,
     "lines": [
      "/// Sends a datagram to itself.",
      "async fn to_itself() -> usize {",
      "    let mut socket = UdpSocket::bind(\"127.0.0.1:0\".parse().unwrap()).unwrap();",
      "    let token = current().reactor.add(&mut socket).unwrap();",
      "    let address = socket.local_addr().unwrap();",
      "    socket.send_to(b\"hello\", address).unwrap();",
      "    receive(&socket, token).await",
      "}"
     ]
    },
    {
     "title": "docs/mini/20c/main.rs · watch",
     "first": 78,
     "lines": [
      "/// Ends the process if the loop hangs.",
      "fn watch() {",
      "    thread::spawn(|| {",
      "        thread::sleep(Duration::from_secs(2));",
      "        println!(\"nothing received after 2 s\");",
      "        process::exit(1);",
      "    });",
      "}"
     ]
    },
    {
     "title": "docs/mini/20c/main.rs · main",
     "first": 87,
     "lines": [
      "fn main() {",
      "    watch();",
      "    match env::args().nth(1).as_deref() {",
      "        Some(\"busy\") => run(beside_a_busy_task()),",
      "        Some(\"virtual\") => {",
      "            let received = timeout(Duration::from_secs(1), to_itself());",
      "            println!(\"{:?}\", Runner::virtual_time().run(received));",
      "        }",
      "        _ => run(program()),",
      "    }",
      "}"
     ]
    }
   ],
   "lines": {}
  },
  "ready_queue": {
   "parts": [
    {
     "title": "docs/src/programs.rs · in_line",
     "first": 236,
     "lines": [
      "async fn in_line() {",
      "    let steps = |name: &'static str| async move {",
      "        for step in 1..=2 {",
      "            executor::println!(\"{name} {step}\");",
      "            yield_now().await;",
      "        }",
      "    };",
      "    let tasks = [\"a\", \"b\", \"c\"].map(|name| spawn(steps(name)));",
      "    for task in tasks {",
      "        task.await.expect(\"it returns\");",
      "    }",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 243,
    "7": 243,
    "9": 243,
    "16": 239,
    "21": 239,
    "26": 239,
    "32": 239,
    "37": 239,
    "42": 239
   }
  },
  "relay": {
   "parts": [
    {
     "title": "docs/mini/12e/main.rs · runner",
     "first": 42,
     "lines": [
      "/// Waits until it is called, and calls the next one.",
      "async fn runner(own: Signal, next: Signal) {",
      "    poll_fn(|cx| own.poll(cx)).await;",
      "    next.set();",
      "}"
     ]
    },
    {
     "title": "docs/mini/12e/main.rs · relay",
     "first": 48,
     "lines": [
      "/// A relay of `n` tasks. The last one begins; each calls the one before it.",
      "fn relay(n: usize) -> Vec<BoxedFuture> {",
      "    let signals: Vec<Signal> = (0..=n).map(|_| Signal::default()).collect();",
      "    signals[n].set();",
      "    let task = |k: usize| -> BoxedFuture {",
      "        let (own, next) = (&signals[k + 1], &signals[k]);",
      "        Box::pin(runner(own.clone(), next.clone()))",
      "    };",
      "    (0..n).map(task).collect()",
      "}"
     ]
    },
    {
     "title": "docs/mini/12e/main.rs · player",
     "first": 61,
     "lines": [
      "/// Waits for every other pair, and sets the pair after it.",
      "async fn player(pairs: Vec<Pair>, first: usize) {",
      "    for n in (first..pairs.len() - 1).step_by(2) {",
      "        // `Pending` is the greater answer: ready means that both are.",
      "        poll_fn(|cx| pairs[n][0].poll(cx).max(pairs[n][1].poll(cx))).await;",
      "        pairs[n + 1].iter().for_each(Signal::set);",
      "    }",
      "}"
     ]
    },
    {
     "title": "docs/mini/12e/main.rs · players",
     "first": 70,
     "lines": [
      "/// Two tasks that take turns: `n` turns in all.",
      "fn players(n: usize) -> Vec<BoxedFuture> {",
      "    let pairs: Vec<Pair> = (0..=n).map(|_| Pair::default()).collect();",
      "    pairs[0].iter().for_each(Signal::set);",
      "    let task = |first| -> BoxedFuture { Box::pin(player(pairs.clone(), first)) };",
      "    vec![task(0), task(1)]",
      "}"
     ]
    },
    {
     "title": "docs/mini/12e/main.rs · main",
     "first": 78,
     "lines": [
      "fn main() {",
      "    let mut tasks = relay(3);",
      "    tasks.extend(players(4));",
      "    println!(\"{} polls\", run_all(tasks));",
      "}"
     ]
    }
   ],
   "lines": {}
  },
  "reminders": {
   "parts": [
    {
     "title": "docs/mini/15b/main.rs · remind",
     "first": 12,
     "lines": [
      "/// Prints a line every so many days, so many times.",
      "async fn remind(what: &str, days: u32, times: u32) {",
      "    let start = now();",
      "    for _ in 0..times {",
      "        sleep(days * DAY).await;",
      "        let today = (now() - start).as_secs() / DAY.as_secs();",
      "        println!(\"day {today}: {what}\");",
      "    }",
      "}"
     ]
    },
    {
     "title": "docs/mini/15b/main.rs · main",
     "first": 22,
     "lines": [
      "fn main() {",
      "    let real = Instant::now();",
      "    Runner::virtual_time().run(async {",
      "        let water = spawn(remind(\"water the plants\", 2, 3));",
      "        remind(\"empty the bin\", 3, 2).await;",
      "        water.await;",
      "        let start = now();",
      "        sleep(365 * DAY).await;",
      "        println!(\"a year: {} days\", (now() - start).as_secs() / DAY.as_secs());",
      "    });",
      "    println!(\"it took {} s\", real.elapsed().as_secs());",
      "}"
     ]
    }
   ],
   "lines": {}
  },
  "shuffled": {
   "parts": [
    {
     "title": "docs/src/programs.rs · in_line",
     "first": 236,
     "lines": [
      "async fn in_line() {",
      "    let steps = |name: &'static str| async move {",
      "        for step in 1..=2 {",
      "            executor::println!(\"{name} {step}\");",
      "            yield_now().await;",
      "        }",
      "    };",
      "    let tasks = [\"a\", \"b\", \"c\"].map(|name| spawn(steps(name)));",
      "    for task in tasks {",
      "        task.await.expect(\"it returns\");",
      "    }",
      "}"
     ]
    }
   ],
   "lines": {
    "6": 243,
    "8": 243,
    "10": 243,
    "18": 239,
    "23": 239,
    "28": 239,
    "35": 239,
    "40": 239,
    "45": 239
   }
  },
  "take_turns": {
   "parts": [
    {
     "title": "docs/examples/await_yields.rs · step",
     "first": 8,
     "lines": [
      "async fn step(name: &str, n: u32) {",
      "    executor::println!(\"{name} {n}\");",
      "    sleep(Duration::ZERO).await;",
      "}"
     ]
    },
    {
     "title": "docs/examples/await_yields.rs · three_steps",
     "first": 13,
     "lines": [
      "async fn three_steps(name: &str) {",
      "    for n in 0..3 {",
      "        step(name, n).await;",
      "    }",
      "}"
     ]
    },
    {
     "title": "docs/examples/await_yields.rs · program",
     "first": 19,
     "lines": [
      "/// The program, for `main` and for `watched`.",
      "pub async fn program() {",
      "    gather((three_steps(\"busy\"), three_steps(\"other\"))).await;",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 21,
    "6": 9,
    "9": 21,
    "10": 9,
    "15": 21,
    "16": 9,
    "19": 21,
    "20": 9,
    "25": 21,
    "26": 9,
    "29": 21,
    "30": 9,
    "35": 21,
    "36": 21,
    "37": 21,
    "38": 21
   }
  },
  "tasks": {
   "parts": [
    {
     "title": "docs/src/programs.rs · fetch",
     "first": 128,
     "lines": [
      "async fn fetch(source: &str, seconds: u64) -> String {",
      "    executor::println!(\"Fetching from {source}...\");",
      "    sleep(Duration::from_secs(seconds)).await;",
      "    format!(\"Data from {source}\")",
      "}"
     ]
    },
    {
     "title": "docs/src/programs.rs · tasks",
     "first": 148,
     "lines": [
      "async fn tasks() {",
      "    let sources = [(\"API 1\", 3), (\"API 2\", 1), (\"API 3\", 2)];",
      "    let tasks = sources.map(|(source, seconds)| spawn_named(source, fetch(source, seconds)));",
      "    for task in tasks {",
      "        executor::println!(\"{}\", task.await.expect(\"it returns\"));",
      "    }",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 150,
    "7": 150,
    "9": 150,
    "16": 129,
    "17": 130,
    "18": 130,
    "22": 129,
    "23": 130,
    "24": 130,
    "28": 129,
    "29": 130,
    "30": 130,
    "64": 152,
    "65": 152,
    "66": 152
   }
  },
  "tick_tock": {
   "parts": [
    {
     "title": "docs/examples/tick_tock.rs · every",
     "first": 8,
     "lines": [
      "async fn every(ms: u64, word: &str) {",
      "    for _ in 0..2 {",
      "        sleep(Duration::from_millis(ms)).await;",
      "        executor::println!(\"{word}\");",
      "    }",
      "}"
     ]
    },
    {
     "title": "docs/examples/tick_tock.rs · program",
     "first": 15,
     "lines": [
      "/// The program, for `main` and for `watched`.",
      "pub async fn program() {",
      "    let tick = spawn_named(\"tick\", every(20, \"tick\"));",
      "    let tock = spawn_named(\"tock\", every(30, \"tock\"));",
      "    tick.await.unwrap();",
      "    tock.await.unwrap();",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 17,
    "7": 18,
    "14": 10,
    "15": 10,
    "19": 10,
    "20": 10,
    "30": 11,
    "31": 10,
    "32": 10,
    "41": 11,
    "42": 10,
    "43": 10,
    "52": 11,
    "68": 11
   }
  },
  "to_thread": {
   "parts": [
    {
     "title": "docs/mini/19b/main.rs · square",
     "first": 14,
     "lines": [
      "/// Stands for any call that blocks its thread.",
      "fn square(n: u32) -> u32 {",
      "    thread::sleep(Duration::from_millis(250));",
      "    n * n",
      "}"
     ]
    },
    {
     "title": "docs/mini/19b/main.rs · heart",
     "first": 20,
     "lines": [
      "async fn heart(start: Instant) {",
      "    for _ in 0..3 {",
      "        sleep(Duration::from_millis(100)).await;",
      "        println!(\"a beat after {} ms\", start.elapsed().as_millis());",
      "    }",
      "}"
     ]
    },
    {
     "title": "docs/mini/19b/main.rs · program",
     "first": 27,
     "lines": [
      "async fn program() {",
      "    let start = Instant::now();",
      "    let heart = spawn(heart(start));",
      "    let calls = [1, 2, 3].map(|n| to_thread(move || square(n)));",
      "    let squares = gather(calls).await;",
      "    println!(\"{squares:?} after {} ms\", start.elapsed().as_millis());",
      "    heart.await.unwrap();",
      "}"
     ]
    },
    {
     "title": "docs/mini/19b/main.rs · main",
     "first": 36,
     "lines": [
      "fn main() {",
      "    match env::args().nth(1).as_deref() {",
      "        Some(\"virtual\") => {",
      "            let call = timeout(Duration::from_secs(1), to_thread(|| square(4)));",
      "            println!(\"{:?}\", Runner::virtual_time().run(call));",
      "        }",
      "        _ => run(program()),",
      "    }",
      "}"
     ]
    }
   ],
   "lines": {}
  },
  "too_slow": {
   "parts": [
    {
     "title": "docs/src/programs.rs · fetch",
     "first": 128,
     "lines": [
      "async fn fetch(source: &str, seconds: u64) -> String {",
      "    executor::println!(\"Fetching from {source}...\");",
      "    sleep(Duration::from_secs(seconds)).await;",
      "    format!(\"Data from {source}\")",
      "}"
     ]
    },
    {
     "title": "docs/src/programs.rs · too_slow",
     "first": 184,
     "lines": [
      "async fn too_slow() {",
      "    let start = now();",
      "    let result = timeout(Duration::from_secs(1), fetch(\"a slow API\", 60)).await;",
      "    executor::println!(\"{}\", result.expect_err(\"it takes a minute\"));",
      "    executor::println!(\"{:?} have passed\", now() - start);",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 129,
    "20": 187,
    "21": 188
   }
  },
  "unpark": {
   "parts": [
    {
     "title": "docs/mini/18b/main.rs · start_thread",
     "first": 16,
     "lines": [
      "/// A thread that calls each waker that it is sent, a while later.",
      "fn start_thread(delay: Duration) -> Sender<Waker> {",
      "    let (sender, receiver) = channel::<Waker>();",
      "    thread::spawn(move || {",
      "        for waker in receiver {",
      "            thread::sleep(delay);",
      "            waker.wake();",
      "        }",
      "    });",
      "    sender",
      "}"
     ]
    },
    {
     "title": "docs/mini/18b/main.rs · ask",
     "first": 28,
     "lines": [
      "/// Waits until the thread has woken this task.",
      "async fn ask(thread: &Sender<Waker>) {",
      "    let mut asked = false;",
      "    poll_fn(|cx| {",
      "        if asked {",
      "            return Poll::Ready(());",
      "        }",
      "        asked = true;",
      "        thread",
      "            .send(cx.waker().clone())",
      "            .expect(\"the thread is there\");",
      "        Poll::Pending",
      "    })",
      "    .await;",
      "}"
     ]
    },
    {
     "title": "docs/mini/18b/main.rs · program",
     "first": 44,
     "lines": [
      "async fn program() {",
      "    let slow = start_thread(Duration::from_millis(100));",
      "    let start = Instant::now();",
      "    let answer = timeout(Duration::from_secs(1), ask(&slow)).await;",
      "    println!(\"{answer:?} after {} ms\", start.elapsed().as_millis());",
      "}"
     ]
    },
    {
     "title": "docs/mini/18b/main.rs · yields",
     "first": 51,
     "lines": [
      "async fn yields() {",
      "    let start = Instant::now();",
      "    for _ in 0..100_000 {",
      "        yield_now().await;",
      "    }",
      "    println!(\"{} ns a yield\", start.elapsed().as_nanos() / 100_000);",
      "}"
     ]
    },
    {
     "title": "docs/mini/18b/main.rs · rounds",
     "first": 59,
     "lines": [
      "/// Asks a thread again and again, which is a park and a wake each time.",
      "async fn rounds() {",
      "    let fast = start_thread(Duration::ZERO);",
      "    let answers = Arc::new(AtomicU32::new(0));",
      "    watch(Arc::clone(&answers));",
      "    for _ in 0..10_000 {",
      "        ask(&fast).await;",
      "        answers.fetch_add(1, Ordering::Relaxed);",
      "    }",
      "    println!(\"10,000 rounds\");",
      "}"
     ]
    },
    {
     "title": "docs/mini/18b/main.rs · watch",
     "first": 71,
     "lines": [
      "/// Ends the program when there has been no answer for a second.",
      "fn watch(answers: Arc<AtomicU32>) {",
      "    let mut before = None;",
      "    thread::spawn(move || {",
      "        loop {",
      "            thread::sleep(Duration::from_secs(1));",
      "            let now = Some(answers.load(Ordering::Relaxed));",
      "            if now == before {",
      "                println!(\"the loop sleeps on, with a key in its queue\");",
      "                std::process::exit(1);",
      "            }",
      "            before = now;",
      "        }",
      "    });",
      "}"
     ]
    },
    {
     "title": "docs/mini/18b/main.rs · main",
     "first": 87,
     "lines": [
      "fn main() {",
      "    match std::env::args().nth(1).as_deref() {",
      "        Some(\"yields\") => run(yields()),",
      "        Some(\"rounds\") => run(rounds()),",
      "        _ => run(program()),",
      "    }",
      "}"
     ]
    }
   ],
   "lines": {}
  },
  "words": {
   "parts": [
    {
     "title": "docs/src/programs.rs · words",
     "first": 211,
     "lines": [
      "/// Two streams, as a model sends them: a pause before each word.",
      "async fn words() {",
      "    let answer = |number: u32, pause: u64, words: [&'static str; 4]| async move {",
      "        for word in words {",
      "            sleep(Duration::from_millis(pause)).await;",
      "            executor::println!(\"{number}: {word}\");",
      "        }",
      "    };",
      "    let one = spawn_named(\"answer 1\", answer(1, 300, [\"Once\", \"upon\", \"a\", \"time\"]));",
      "    let two = spawn_named(\"answer 2\", answer(2, 400, [\"Far\", \"away\", \"and\", \"long\"]));",
      "    for task in [one, two] {",
      "        task.await.expect(\"it returns\");",
      "    }",
      "}"
     ]
    }
   ],
   "lines": {
    "5": 219,
    "7": 220,
    "14": 215,
    "15": 215,
    "19": 215,
    "20": 215,
    "30": 216,
    "31": 215,
    "32": 215,
    "41": 216,
    "42": 215,
    "43": 215,
    "52": 216,
    "53": 215,
    "54": 215,
    "63": 216,
    "64": 215,
    "65": 215,
    "74": 216,
    "75": 215,
    "76": 215,
    "88": 216,
    "89": 215,
    "90": 215,
    "93": 216,
    "109": 216
   }
  }
 }
};
