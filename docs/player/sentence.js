// What happened, in a sentence; and why a task waits.
//
// Invariant: a sentence says only what the event and the state before and
// after it say. Nothing is guessed about the program.
//
// Called by pane.js, quiz.js and the maker of the page without script.
"use strict";

var LoopSentence = (function () {
  const ENDED = { returned: "returned", cancelled: "was cancelled", panicked: "panicked" };

  // ---- names ------------------------------------------------------------------

  function task(state, number) {
    if (number === null || number === undefined) return "no task";
    const known = state.tasks.get(number);
    const name = known && known.name;
    return "task " + number + (name && name !== "Task-" + number ? " (" + name + ")" : "");
  }

  function seconds(ns) {
    return ns === null || ns === undefined ? "forever" : rounded(BigInt(Math.round(ns)), 6);
  }

  const UNITS = [[1n, "ns"], [1000n, "µs"], [1000000n, "ms"], [1000000000n, "s"]];

  // A time with its unit, rounded to the nearest text of `digits` digits (three
  // or more), without zeros at its end: as in loop-trace's `lanes/label.rs`.
  function rounded(ns, digits) {
    if (ns === 0n) return "0 s";
    for (const [size, unit] of UNITS) {
      // Three digits before the point, and in the last unit all that remain.
      const fewest = unit === "s" ? 0 : digits - 3;
      for (let decimals = digits - 1; decimals >= fewest; decimals--) {
        const scaled = (ns * 10n ** BigInt(decimals) + size / 2n) / size;
        if (scaled < 10n ** BigInt(digits)) return decimal(scaled, decimals) + " " + unit;
      }
    }
    return (ns + 500000000n) / 1000000000n + " s";
  }

  // `scaled` with its point moved, without zeros at its end.
  function decimal(scaled, decimals) {
    const text = String(scaled).padStart(decimals + 1, "0");
    const point = text.length - decimals;
    return (text.slice(0, point) + "." + text.slice(point)).replace(/\.?0*$/, "");
  }

  function count(n, one, many) {
    return n + " " + (n === 1 ? one : many || one + "s");
  }

  function ordinal(n) {
    const word = ["", "first", "second", "third", "fourth", "fifth"][n];
    const teen = n % 100 > 10 && n % 100 < 14;
    return word || n + (teen ? "th" : ["th", "st", "nd", "rd"][n % 10] || "th");
  }

  // What a wait is for: {"timer":1} is "timer 1".
  function on(state, wait) {
    if ("timer" in wait) return "timer " + wait.timer;
    if ("task" in wait) return task(state, wait.task);
    if ("source" in wait) return "socket " + wait.source + (wait.dir === "write" ? " to take bytes" : " to have bytes");
    if ("job" in wait) return "thread job " + wait.job;
    return wait.other || "something";
  }

  function by(state, cause) {
    if (typeof cause === "string") {
      return { io: "a socket", mail: "a message from another thread", loop: "the loop" }[cause] || cause;
    }
    return cause ? on(state, cause) : "something";
  }

  function upper(text) {
    return text.charAt(0).toUpperCase() + text.slice(1);
  }

  // ---- one sentence an event ---------------------------------------------------

  const kinds = {
    "run.start": () => "The run begins.",
    "run.end": (s, e) => "The run is over: the main task " + ({ returned: "has returned", panicked: "failed", stalled: "can never continue" }[e.how] || "has ended") + ".",
    "loop.close": () => "The loop closes: what is left is cancelled.",
    "loop.closed": () => "The loop is closed. Nothing is left.",
    "turn": (s) => "Turn " + s.turn + " begins, with " + queueText(s) + ".",
    "turn.order": () => "The seed draws the order of this turn.",
    "task.spawn": (s, e) => upper(task(s, e.task)) + " is made" +
      (e.parent === null || e.parent === undefined ? ": it is the main task." : " by " + task(s, e.parent) + ". It has not run yet."),
    "ready.push": (s, e) => upper(task(s, e.task)) + " goes to the back of the ready queue" + place(s) + ".",
    "scope.push": (s, e) => upper(task(s, e.task)) + " goes on its scope’s list of woken children; the scope’s owner will poll it.",
    "poll.start": (s, e) => (s.suspended.length
      ? upper(task(s, s.suspended[s.suspended.length - 1])) + " takes " + task(s, e.task) + " from its scope’s list and polls it for the "
      : "The loop takes " + task(s, e.task) + " from the front of the queue and polls it for the ") +
      ordinal((s.tasks.get(e.task) || { polls: 1 }).polls) + " time.",
    "poll.end": (s, e) => upper(task(s, e.task)) + ({
      ready: " is ready: it has its result.", panic: " panicked.",
    }[e.result] || " is pending: it gives " + (s.polling === null ? "the loop" : task(s, s.polling) + " its turn") + " back" + (s.queued.has(e.task) ? ", and is in the queue again." : ".")),
    "task.done": (s, e) => upper(task(s, e.task)) + " is over: it " + (ENDED[e.how] || "ended") + (e.text ? " (" + e.text + ")" : "") + ".",
    "task.cancel": (s, e) => upper(task(s, e.task)) + " is asked to stop.",
    "wake": (s, e) => upper(by(s, e.by)) + " wakes " + task(s, e.task) + ({
      "already-queued": ". That does nothing: it is in the queue already.",
      "after-done": ". That does nothing: it has ended.",
    }[e.effect] || "."),
    "waker.count": (s, e) => (e.n ? count(e.n, "clone") : "No clone") + " of the waker of " + task(s, e.task) + (e.n > 1 ? " are" : " is") + " alive" +
      (e.noted ? "; the runtime has registered the task, to wake it." : "."),
    "child.poll": (s, e) => upper(task(s, e.task)) + " polls its future number " + e.child + ".",
    "child.done": (s, e) => "Future number " + e.child + " of " + task(s, e.task) + " is ready.",
    "await": (s, e) => upper(task(s, e.task)) + " will wait for " + on(s, e.on) + ".",
    "await.end": (s, e) => upper(task(s, e.task)) + " no longer waits for " + on(s, e.on) + ".",
    "timer.add": (s, e) => "Timer " + e.timer + " is set" + forTask(s, e.task) + (e.deadline === null ? ", never to fire." : ", to fire at " + seconds(e.deadline) + "."),
    "timer.move": (s, e) => "Timer " + e.timer + " is moved to " + seconds(e.deadline) + ".",
    "timer.fire": (s, e) => "Timer " + e.timer + " is due, and is gone.",
    "timer.cancel": (s, e) => "Timer " + e.timer + " is dropped before it was due.",
    "park.start": (s, e) => "Nothing is ready. The loop parks " + (e.until === null || e.until === undefined ? "until it is woken." : "until " + seconds(e.until) + "."),
    "park.end": (s, e) => "The loop continues at " + seconds(s.t) + ({ timer: ": a timer is due.", io: ": a socket is ready.", wake: ": another thread unparked it." }[e.cause] || "."),
    "io.register": (s, e) => upper(e.kind || "a socket") + " becomes socket " + e.src + (e.addr ? " (" + e.addr + ")" : "") + ".",
    "io.deregister": (s, e) => "Socket " + e.src + " is closed.",
    "io.interest": (s, e) => (e.task === null ? "No task" : upper(task(s, e.task))) + " is to be woken when socket " + e.src + (e.dir === "write" ? " takes bytes." : " has bytes."),
    "io.event": (s, e) => "The poller says: socket " + e.src + " is " + ([e.readable && "readable", e.writable && "writable", e.closed && "closed"].filter(Boolean).join(" and ") || "quiet") + ".",
    "io.try": (s, e) => "A " + e.op + " on socket " + e.src + ({ ok: " succeeds.", "would-block": " would have to wait.", error: " fails." }[e.result] || "."),
    "inbox.push": (s, e) => "A message (" + e.what + ") is put into the inbox" + (e.task ? ", for " + task(s, e.task) : "") + ".",
    "inbox.drain": (s, e) => "The loop drains " + count(e.n, "message") + " from the inbox.",
    "pool.submit": (s, e) => upper(task(s, e.task)) + " hands job " + e.job + " to the thread pool.",
    "pool.start": (s, e) => "Thread " + (e.th || "?") + " begins job " + e.job + ".",
    "pool.end": (s, e) => "Thread " + (e.th || "?") + " has ended job " + e.job + (e.result === "panic" ? ", which failed." : "."),
    "pool.done": (s, e) => "The loop finds that job " + e.job + " has ended.",
    "pool.cancel": (s, e) => "Job " + e.job + " is given up before it began.",
    "print": (s, e) => (e.task === null || e.task === undefined ? "The program" : upper(task(s, e.task))) + " prints “" + e.text + "”.",
    "mark": (s, e) => "The program notes “" + e.text + "”.",
    "call.push": (s, e) => "A callback, “" + e.name + "”, goes to the back of the ready queue.",
    "call.start": (s) => "The loop takes a callback from the front of the queue and calls it: “" + s.calling + "”.",
    "call.end": () => "The callback is over.",
    "call.drop": () => "A callback was cancelled: it is skipped.",
  };

  function queueText(state) {
    const tasks = state.line.filter((entry) => entry > 0).length;
    const calls = state.line.length - tasks;
    const parts = [];
    if (tasks || !calls) parts.push(count(tasks, "task"));
    if (calls) parts.push(count(calls, "callback"));
    return parts.join(" and ") + " in the queue";
  }

  function forTask(state, number) {
    return number === null || number === undefined ? "" : " for " + task(state, number);
  }

  function place(state) {
    return state.line.length > 1 ? ", behind " + (state.line.length - 1) + " more" : "";
  }

  // The sentence for an event; `state` is the state after it.
  function say(event, state) {
    const kind = kinds[event.k];
    return kind ? kind(state, event) : "An event of a kind that this player does not know: " + event.k + ".";
  }

  // ---- why a task waits ---------------------------------------------------------

  // The answer as sentences, from the task to what will end its wait.
  function why(state, number) {
    const lines = [];
    explain(state, number, lines, new Set());
    return lines;
  }

  function explain(state, number, lines, seen) {
    const one = state.tasks.get(number);
    const name = upper(task(state, number));
    if (!one) return lines.push(name + " does not exist yet.");
    if (seen.has(number)) return lines.push("That is the task we began with: they wait for each other.");
    seen.add(number);
    if (one.state === "polling") return lines.push(name + " does not wait: it is being polled.");
    if (state.scoped.has(number)) return lines.push(name + " is on its scope’s list of woken children: " + task(state, one.parent) + " polls it when it is polled.");
    if (one.state === "ready") return lines.push(name + " waits for its turn: it is number " + (state.line.indexOf(number) + 1) + " in the ready queue.");
    if (ENDED[one.state]) return lines.push(name + " does not wait: it " + ENDED[one.state] + ".");
    if (!one.waits.length) return lines.push(name + noWait(state, one));
    for (const wait of one.waits.slice(0, 4)) {
      lines.push(name + " waits for " + on(state, wait) + endOf(state, wait) + ".");
      if ("task" in wait) explain(state, wait.task, lines, seen);
    }
    if (one.waits.length > 4) lines.push("And for " + (one.waits.length - 4) + " more.");
    return lines;
  }

  function noWait(state, one) {
    if (!one.polls) return " was made and never queued.";
    if (one.wakers || one.noted) return " waits until its waker is called.";
    if (state.mode === "park") return " waits, and no clone of its waker is left: nothing can wake it.";
    return " waits for nothing any more: it is about to be woken, or to end.";
  }

  function endOf(state, wait) {
    if ("timer" in wait) {
      const timer = state.timers.find((entry) => entry.timer === wait.timer);
      if (!timer) return "";
      return timer.deadline === null ? ", which never fires" : ", due at " + seconds(timer.deadline) + " (in " + seconds(Math.max(0, timer.deadline - state.t)) + ")";
    }
    if ("job" in wait) {
      const job = state.jobs.get(wait.job);
      return job ? ", which is " + job.state : "";
    }
    return "";
  }

  return { say, why, seconds, rounded, task, on, by, count, upper };
})();

if (typeof module !== "undefined") module.exports = LoopSentence;
