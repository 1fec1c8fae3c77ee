// Made by generate.js from the files that it names. Do not edit.
var LOOP_SOURCE = {
 "rust": {
  "parts": [
   {
    "title": "executor/src/run.rs · turn_until_done",
    "first": 169,
    "lines": [
     "fn turn_until_done(runtime: &Runtime, main: TaskKey, poll_main: Main<'_>) -> Result<(), RunError> {",
     "    let spare = runtime.spare_waker.take();",
     "    let mut spare = spare.unwrap_or_else(|| OwnedWaker::unbound(runtime.ready.mailbox()));",
     "    let mut polls = 0;",
     "    loop {",
     "        runtime.ready.start_turn(&runtime.rng);",
     "        if runtime.probe.is_on() {",
     "            runtime.tell_turn();",
     "        }",
     "        while let Some(task) = runtime.ready.pop() {",
     "            if task != main {",
     "                poll_task(runtime, task, &mut spare);",
     "            } else if poll_the_main_future(runtime, task, &mut spare, poll_main).is_ready() {",
     "                runtime.spare_waker.set(Some(spare));",
     "                return Ok(());",
     "            }",
     "            polls += 1;",
     "            if polls == POLLS_BETWEEN_LOOKS {",
     "                polls = 0;",
     "                look_around(runtime);",
     "                runtime.look_at_sockets();",
     "            }",
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
    "title": "executor/src/run.rs · poll_task",
    "first": 206,
    "lines": [
     "fn poll_task(runtime: &Runtime, task: TaskKey, spare: &mut OwnedWaker) {",
     "    let Some(taken) = runtime.take_out(task) else {",
     "        return;",
     "    };",
     "    let Some(mut work) = taken.work else { return };",
     "    if taken.cancelled {",
     "        return runtime.fail(task, work, None);",
     "    }",
     "    let waker = waker::lend(&taken.own_waker, spare, task);",
     "    runtime.start_poll(task, waker);",
     "    let result = catch_unwind(AssertUnwindSafe(|| {",
     "        work.as_mut().poll(&mut Context::from_waker(waker.waker()))",
     "    }));",
     "    runtime.end_poll(Polled::of(&result));",
     "    match result {",
     "        Ok(Poll::Pending) => {",
     "            let own_waker = waker::keep_if_cloned(taken.own_waker, spare);",
     "            runtime.put_back(task, Some(work), own_waker);",
     "            runtime.tell_wakers_after(task);",
     "            if runtime.settings.debug {",
     "                runtime.report_if_unwakeable(task);",
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
    "first": 241,
    "lines": [
     "fn poll_the_main_future(",
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
     "    let result = catch_unwind(AssertUnwindSafe(|| {",
     "        poll_main(&mut Context::from_waker(waker.waker()))",
     "    }));",
     "    runtime.end_poll(Polled::of(&result));",
     "    let own_waker = waker::keep_if_cloned(taken.own_waker, spare);",
     "    runtime.put_back(main, None, own_waker);",
     "    if matches!(result, Ok(Poll::Pending)) {",
     "        runtime.tell_wakers_after(main);",
     "    }",
     "    result.unwrap_or_else(|payload| resume_unwind(payload))",
     "}"
    ]
   },
   {
    "title": "executor/src/run.rs · look_around",
    "first": 267,
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
    "first": 274,
    "lines": [
     "fn fire_due_timers(runtime: &Runtime) {",
     "    if runtime.timers.borrow().next_deadline().is_none() {",
     "        return; // and the clock need not be read",
     "    }",
     "    let now = runtime.clock.now();",
     "    loop {",
     "        let due = runtime.timers.borrow_mut().pop_due(now);",
     "        let Some((timer, waiter)) = due else { return };",
     "        runtime.probe.emit(|_| Event::TimerFire {",
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
     "    runtime.probe.emit(|_| Event::ParkStart {",
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
     "    runtime.probe.emit(|_| Event::ParkEnd {",
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
    174
   ],
   "poll.start": [
    1,
    215
   ],
   "poll.start.main": [
    2,
    251
   ],
   "inside": [
    1,
    217
   ],
   "inside.main": [
    2,
    253
   ],
   "poll.end": [
    1,
    219
   ],
   "poll.end.main": [
    2,
    255
   ],
   "put_back": [
    1,
    223
   ],
   "put_back.main": [
    2,
    257
   ],
   "task.done": [
    1,
    231
   ],
   "main.done": [
    0,
    183
   ],
   "inbox.drain": [
    3,
    268
   ],
   "timer.fire": [
    4,
    282
   ],
   "timer.wake": [
    4,
    285
   ],
   "park.start": [
    5,
    28
   ],
   "park.end": [
    5,
    44
   ],
   "io.event": [
    0,
    189
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
     "first": 120,
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
     "first": 148,
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
    "5": 152,
    "9": 152,
    "16": 121,
    "17": 122,
    "18": 122,
    "22": 121,
    "23": 122,
    "24": 122,
    "41": 154,
    "45": 154,
    "48": 159
   }
  },
  "cancel": {
   "parts": [
    {
     "title": "docs/src/programs.rs · cancel",
     "first": 162,
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
    "5": 163,
    "24": 166,
    "35": 166,
    "59": 173
   }
  },
  "fetch_data": {
   "parts": [
    {
     "title": "docs/src/programs.rs · fetch",
     "first": 120,
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
     "first": 126,
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
    "5": 127,
    "6": 121,
    "7": 122,
    "8": 122,
    "9": 127,
    "10": 121,
    "11": 122,
    "12": 122,
    "13": 127,
    "14": 121,
    "15": 122,
    "16": 122,
    "30": 127,
    "31": 127,
    "32": 127,
    "33": 127,
    "34": 127,
    "35": 127,
    "36": 129,
    "37": 129,
    "38": 129
   }
  },
  "jobs": {
   "parts": [
    {
     "title": "docs/src/programs.rs · jobs",
     "first": 218,
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
    "5": 223,
    "6": 220,
    "7": 220,
    "8": 223,
    "9": 220,
    "10": 220,
    "20": 223,
    "21": 221,
    "22": 223,
    "23": 223,
    "24": 223,
    "25": 220,
    "26": 220,
    "37": 223,
    "38": 221,
    "39": 223,
    "40": 223,
    "41": 221,
    "42": 223,
    "43": 223,
    "44": 220,
    "45": 220,
    "46": 223,
    "47": 220,
    "48": 220,
    "59": 223,
    "60": 221,
    "61": 223,
    "62": 223,
    "63": 221,
    "64": 223
   }
  },
  "lost_waker": {
   "parts": [
    {
     "title": "docs/src/programs.rs · lost_waker",
     "first": 183,
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
    "5": 184,
    "7": 197
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
  "one_after_another": {
   "parts": [
    {
     "title": "docs/src/programs.rs · fetch",
     "first": 120,
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
     "first": 133,
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
    "5": 121,
    "6": 122,
    "7": 122,
    "17": 136,
    "18": 121,
    "19": 122,
    "20": 122,
    "29": 136,
    "30": 121,
    "31": 122,
    "32": 122,
    "41": 136
   }
  },
  "ready_queue": {
   "parts": [
    {
     "title": "docs/src/programs.rs · in_line",
     "first": 228,
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
    "5": 235,
    "7": 235,
    "9": 235,
    "16": 231,
    "21": 231,
    "26": 231,
    "32": 231,
    "37": 231,
    "42": 231
   }
  },
  "shuffled": {
   "parts": [
    {
     "title": "docs/src/programs.rs · in_line",
     "first": 228,
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
    "6": 235,
    "8": 235,
    "10": 235,
    "18": 231,
    "23": 231,
    "28": 231,
    "35": 231,
    "40": 231,
    "45": 231
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
     "first": 120,
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
     "first": 140,
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
    "5": 142,
    "7": 142,
    "9": 142,
    "16": 121,
    "17": 122,
    "18": 122,
    "22": 121,
    "23": 122,
    "24": 122,
    "28": 121,
    "29": 122,
    "30": 122,
    "64": 144,
    "65": 144,
    "66": 144
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
     "first": 120,
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
     "first": 176,
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
    "5": 121,
    "20": 179,
    "21": 180
   }
  },
  "words": {
   "parts": [
    {
     "title": "docs/src/programs.rs · words",
     "first": 203,
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
    "5": 211,
    "7": 212,
    "14": 207,
    "15": 207,
    "19": 207,
    "20": 207,
    "30": 208,
    "31": 207,
    "32": 207,
    "41": 208,
    "42": 207,
    "43": 207,
    "52": 208,
    "53": 207,
    "54": 207,
    "63": 208,
    "64": 207,
    "65": 207,
    "74": 208,
    "75": 207,
    "76": 207,
    "88": 208,
    "89": 207,
    "90": 207,
    "93": 208,
    "109": 208
   }
  }
 }
};
