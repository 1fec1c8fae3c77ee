// Made by generate.js from the files that it names. Do not edit.
var LOOP_SOURCE = {
 "rust": {
  "parts": [
   {
    "title": "executor/src/run.rs · turn_until_done",
    "first": 168,
    "lines": [
     "fn turn_until_done(runtime: &Runtime, main: TaskKey, poll_main: Main<'_>) -> Result<(), RunError> {",
     "    let spare = runtime.spare_waker.take();",
     "    let mut spare = spare.unwrap_or_else(|| OwnedWaker::unbound(runtime.ready.mailbox()));",
     "    let mut polls = 0;",
     "    loop {",
     "        runtime.ready.start_turn(&runtime.rng);",
     "        let turn = match runtime.is_followed() {",
     "            true => take_turn::<true>(runtime, main, &mut spare, &mut polls, poll_main),",
     "            false => take_turn::<false>(runtime, main, &mut spare, &mut polls, poll_main),",
     "        };",
     "        if turn.is_ready() {",
     "            runtime.spare_waker.set(Some(spare));",
     "            return Ok(());",
     "        }",
     "        runtime.take_in_mail();",
     "        if runtime.ready.is_empty() {",
     "            look_around(runtime);",
     "            if runtime.ready.is_empty() {",
     "                polls = 0;",
     "                park(runtime)?;",
     "            }",
     "        }",
     "    }",
     "}"
    ]
   },
   {
    "title": "executor/src/run.rs · take_turn",
    "first": 202,
    "lines": [
     "fn take_turn<const FOLLOWED: bool>(",
     "    runtime: &Runtime,",
     "    main: TaskKey,",
     "    spare: &mut OwnedWaker,",
     "    polls: &mut u32,",
     "    poll_main: Main<'_>,",
     ") -> Poll<()> {",
     "    if FOLLOWED {",
     "        runtime.tell_turn();",
     "    }",
     "    while let Some(task) = runtime.ready.pop() {",
     "        if task != main {",
     "            poll_task::<FOLLOWED>(runtime, task, spare);",
     "        } else if poll_the_main_future::<FOLLOWED>(runtime, task, spare, poll_main).is_ready() {",
     "            return Poll::Ready(());",
     "        }",
     "        *polls += 1;",
     "        if *polls == POLLS_BETWEEN_LOOKS {",
     "            *polls = 0;",
     "            look_around(runtime);",
     "            runtime.look_at_sockets();",
     "        }",
     "    }",
     "    Poll::Pending",
     "}"
    ]
   },
   {
    "title": "executor/src/run.rs · poll_task",
    "first": 230,
    "lines": [
     "fn poll_task<const FOLLOWED: bool>(runtime: &Runtime, task: TaskKey, spare: &mut OwnedWaker) {",
     "    let Some(taken) = runtime.take_out(task) else {",
     "        return;",
     "    };",
     "    let Some(mut work) = taken.work else { return };",
     "    if taken.cancelled {",
     "        return runtime.fail(task, work, None);",
     "    }",
     "    let waker = waker::lend(&taken.own_waker, spare, task);",
     "    runtime.start_poll(task, waker);",
     "    if FOLLOWED {",
     "        runtime.tell_poll(task);",
     "    }",
     "    let result = catch_unwind(AssertUnwindSafe(|| {",
     "        work.as_mut().poll(&mut Context::from_waker(waker.waker()))",
     "    }));",
     "    if FOLLOWED {",
     "        runtime.tell_end_of_poll(Polled::of(&result));",
     "    }",
     "    runtime.end_poll();",
     "    match result {",
     "        Ok(Poll::Pending) => {",
     "            let own_waker = waker::keep_if_cloned(taken.own_waker, spare);",
     "            runtime.put_back(task, Some(work), own_waker);",
     "            if FOLLOWED {",
     "                runtime.look_at_pending(task);",
     "            }",
     "        }",
     "        Ok(Poll::Ready(())) => {",
     "            drop(spare.replace_if_cloned());",
     "            runtime.finish(task, Some(work), Ending::Returned);",
     "        }",
     "        Err(panic) => {",
     "            drop(spare.replace_if_cloned());",
     "            runtime.fail(task, work, Some(panic));",
     "        }",
     "    }",
     "}"
    ]
   },
   {
    "title": "executor/src/run.rs · poll_the_main_future",
    "first": 270,
    "lines": [
     "fn poll_the_main_future<const FOLLOWED: bool>(",
     "    runtime: &Runtime,",
     "    main: TaskKey,",
     "    spare: &mut OwnedWaker,",
     "    poll_main: Main<'_>,",
     ") -> Poll<()> {",
     "    let Some(taken) = runtime.take_out(main) else {",
     "        return Poll::Pending;",
     "    };",
     "    let waker = waker::lend(&taken.own_waker, spare, main);",
     "    runtime.start_poll(main, waker);",
     "    if FOLLOWED {",
     "        runtime.tell_poll(main);",
     "    }",
     "    let result = catch_unwind(AssertUnwindSafe(|| {",
     "        poll_main(&mut Context::from_waker(waker.waker()))",
     "    }));",
     "    if FOLLOWED {",
     "        runtime.tell_end_of_poll(Polled::of(&result));",
     "    }",
     "    runtime.end_poll();",
     "    let own_waker = waker::keep_if_cloned(taken.own_waker, spare);",
     "    runtime.put_back(main, None, own_waker);",
     "    if FOLLOWED && matches!(result, Ok(Poll::Pending)) {",
     "        runtime.look_at_pending(main);",
     "    }",
     "    result.unwrap_or_else(|payload| resume_unwind(payload))",
     "}"
    ]
   },
   {
    "title": "executor/src/run.rs · look_around",
    "first": 302,
    "lines": [
     "fn look_around(runtime: &Runtime) {",
     "    runtime.take_in_mail();",
     "    fire_due_timers(runtime);",
     "    runtime.renew_mirror();",
     "}"
    ]
   },
   {
    "title": "executor/src/run.rs · fire_due_timers",
    "first": 309,
    "lines": [
     "fn fire_due_timers(runtime: &Runtime) {",
     "    if runtime.timers.borrow().next_deadline().is_none() {",
     "        return; // and the clock need not be read",
     "    }",
     "    let now = runtime.clock.now();",
     "    loop {",
     "        let due = runtime.timers.borrow_mut().pop_due(now);",
     "        let Some((timer, waiter)) = due else { return };",
     "        runtime.emit(move |_| Event::TimerFire {",
     "            timer: probe::timer_number(timer),",
     "        });",
     "        runtime.wake(waiter);",
     "    }",
     "}"
    ]
   },
   {
    "title": "executor/src/run/park.rs · park",
    "first": 21,
    "lines": [
     "pub(super) fn park(runtime: &Runtime) -> Result<(), RunError> {",
     "    runtime.refuse_to_run_in_a_forked_child();",
     "    if runtime.settings.debug {",
     "        runtime.report_deadlock();",
     "    }",
     "    let deadline = runtime.timers.borrow().next_deadline();",
     "    runtime.tell_all_wakers();",
     "    runtime.emit(move |_| Event::ParkStart {",
     "        until: deadline.map(probe::time),",
     "    });",
     "    let mut socket_was_ready = false;",
     "    match deadline {",
     "        _ if runtime.clock.is_virtual() && !is_quiet(runtime) => {}",
     "        Some(deadline) if runtime.clock.is_virtual() => runtime.clock.jump_to(deadline),",
     "        Some(deadline) => {",
     "            let left = deadline.saturating_sub(runtime.clock.now());",
     "            socket_was_ready = runtime.sleep(Some(Duration::from_nanos(left)));",
     "        }",
     "        None if runtime.has_jobs() || runtime.has_socket_waiters() => {",
     "            socket_was_ready = runtime.sleep(None);",
     "        }",
     "        None => wait_for_somebody_else(runtime)?,",
     "    }",
     "    runtime.emit(move |_| Event::ParkEnd {",
     "        cause: cause(runtime, deadline, socket_was_ready),",
     "    });",
     "    look_around(runtime);",
     "    Ok(())",
     "}"
    ]
   }
  ],
  "places": {
   "turn": [
    0,
    173
   ],
   "poll.start": [
    2,
    239
   ],
   "poll.start.main": [
    3,
    280
   ],
   "inside": [
    2,
    244
   ],
   "inside.main": [
    3,
    285
   ],
   "poll.end": [
    2,
    249
   ],
   "poll.end.main": [
    3,
    290
   ],
   "put_back": [
    2,
    253
   ],
   "put_back.main": [
    3,
    292
   ],
   "task.done": [
    2,
    260
   ],
   "main.done": [
    0,
    180
   ],
   "inbox.drain": [
    4,
    303
   ],
   "timer.fire": [
    5,
    317
   ],
   "timer.wake": [
    5,
    320
   ],
   "park.start": [
    6,
    28
   ],
   "park.wait": [
    6,
    32
   ],
   "park.end": [
    6,
    44
   ],
   "io.event": [
    1,
    222
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
   "poll.start.main": [
    0,
    11
   ],
   "inside.main": [
    0,
    12
   ],
   "poll.end.main": [
    0,
    13
   ],
   "put_back.main": [
    0,
    13
   ],
   "task.done": [
    0,
    13
   ],
   "put_back": [
    0,
    13
   ],
   "park.wait": [
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
    "24": 231,
    "25": 228,
    "26": 228,
    "37": 231,
    "38": 229,
    "39": 231,
    "40": 231,
    "41": 229,
    "42": 231,
    "43": 231,
    "44": 228,
    "45": 228,
    "46": 231,
    "47": 228,
    "48": 228,
    "59": 231,
    "60": 229,
    "61": 231,
    "62": 231,
    "63": 229,
    "64": 231
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
