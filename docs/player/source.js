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
     "        runtime.note_turn();",
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
    "first": 204,
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
     "            runtime.note_pending(task);",
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
    "first": 236,
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
     "        runtime.note_pending(main);",
     "    }",
     "    result.unwrap_or_else(|payload| resume_unwind(payload))",
     "}"
    ]
   },
   {
    "title": "executor/src/run.rs · look_around",
    "first": 262,
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
    "first": 269,
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
    213
   ],
   "poll.start.main": [
    2,
    246
   ],
   "inside": [
    1,
    215
   ],
   "inside.main": [
    2,
    248
   ],
   "poll.end": [
    1,
    217
   ],
   "poll.end.main": [
    2,
    250
   ],
   "put_back": [
    1,
    221
   ],
   "put_back.main": [
    2,
    252
   ],
   "task.done": [
    1,
    226
   ],
   "main.done": [
    0,
    181
   ],
   "inbox.drain": [
    3,
    263
   ],
   "timer.fire": [
    4,
    277
   ],
   "timer.wake": [
    4,
    280
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
    187
   ]
  }
 },
 "python": {
  "parts": [
   {
    "title": "asyncio’s loop, in our words",
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
  "fetch_data.py": [
   "\"\"\"Three sources, each of which takes two seconds to answer, asked at once.",
   "",
   "The Python twin of llm-demo's `fetch_data`: it prints the same lines.",
   "\"\"\"",
   "",
   "import asyncio",
   "import sys",
   "",
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
};
