// Traces made for tests: a small loop that follows the rules, and copies of
// its trace that break them, one rule each.
//
// Invariant: the same arguments give the same trace.
//
// Called by fold.test.js and browser.js.
"use strict";

const HEADER = {
  schema: "loop-trace/1", program: "made", args: [], lang: "rust", runtime: "executor",
  version: "0", clock: "virtual", unit: "ns", sites: [], dropped: 0,
};

// A loop in which `tasks` tasks sleep again and again, until there are at
// least `length` events.
class Maker {
  constructor(tasks, length) {
    this.events = [];
    this.t = 0;
    this.length = length;
    this.queue = [];
    this.timers = [];
    this.timer = 0;
    this.turn = 0;
    this.seed = 7;
    this.live = 0;
    this.run(tasks);
  }

  emit(k, fields) {
    this.events.push(Object.assign({ i: this.events.length, t: this.t, k }, fields));
  }

  chance(n) {
    this.seed = (this.seed * 1103515245 + 12345) % 2147483648;
    return this.seed % n;
  }

  push(task) {
    this.queue.push(task);
    this.emit("ready.push", { task });
  }

  run(tasks) {
    this.emit("run.start");
    for (let task = 1; task <= tasks; task++) {
      this.emit("task.spawn", { task, name: "sleeper " + task, parent: task === 1 ? null : 1, at: "made.rs:1:1" });
      this.push(task);
      this.live += 1;
    }
    while (this.live) {
      if (!this.queue.length) this.park();
      this.oneTurn();
    }
    this.emit("run.end", { how: "returned" });
    this.emit("loop.close");
    this.emit("loop.closed");
  }

  oneTurn() {
    const now = this.queue.length;
    this.emit("turn", { n: ++this.turn, ready: now });
    for (let n = 0; n < now; n++) this.poll(this.queue.shift());
  }

  poll(task) {
    this.emit("poll.start", { task });
    if (this.events.length > this.length) return this.finish(task);
    if (this.chance(4) === 0) this.emit("print", { task, text: "line of task " + task + " at " + this.t });
    const timer = ++this.timer, deadline = this.t + 1e6 * (1 + this.chance(50));
    this.emit("timer.add", { timer, task, deadline });
    this.timers.push({ timer, task, deadline });
    this.emit("await", { task, on: { timer } });
    this.emit("poll.end", { task, result: "pending" });
    this.emit("waker.count", { task, n: 0, noted: true });
  }

  finish(task) {
    this.emit("poll.end", { task, result: "ready" });
    this.emit("task.done", { task, how: "returned" });
    this.live -= 1;
  }

  park() {
    this.timers.sort((a, b) => a.deadline - b.deadline || a.timer - b.timer);
    const until = this.timers[0].deadline;
    this.emit("park.start", { until });
    this.t = until;
    this.emit("park.end", { cause: "timer" });
    while (this.timers.length && this.timers[0].deadline <= this.t) {
      const { timer, task } = this.timers.shift();
      this.emit("timer.fire", { timer });
      this.emit("wake", { task, by: { timer }, effect: "queued" });
      this.push(task);
    }
  }
}

function made(tasks, length) {
  return Object.assign({}, HEADER, { events: new Maker(tasks, length).events });
}

// ---- traces that break a rule ------------------------------------------------------

function changed(trace, change) {
  const events = trace.events.map((event) => Object.assign({}, event));
  change(events);
  events.forEach((event, i) => { event.i = i; });
  return Object.assign({}, trace, { events });
}

function place(events, test, nth) {
  let left = nth || 0;
  const found = events.findIndex((event) => test(event) && left-- === 0);
  if (found < 0) throw new Error("the made trace has no such event");
  return found;
}

const is = (k, task) => (event) => event.k === k && (task === undefined || event.task === task);
const insert = (events, at, event) => events.splice(at, 0, Object.assign({ t: events[Math.max(0, at - 1)].t }, event));

// One broken trace for each rule of SCHEMA.md.
function broken() {
  const good = made(3, 60);
  const list = {
    "one-at-a-time": (e) => insert(e, place(e, is("poll.start", 1)) + 1, { k: "poll.start", task: 2 }),
    "queue-order": (e) => { e[place(e, is("poll.start", 1))].task = 2; },
    "no-duplicate": (e) => insert(e, place(e, is("ready.push", 2)) + 1, { k: "ready.push", task: 2 }),
    "no-poll-after-done": (e) => insert(e, place(e, is("task.done", 1)) + 1, { k: "ready.push", task: 1 }),
    "no-park-with-work": (e) => insert(e, place(e, is("turn")), { k: "park.start", until: null }),
    "no-early-timer": (e) => { e[place(e, is("timer.add"))].deadline += 1e12; },
    "timer-order": (e) => {
      const at = place(e, is("park.start"));
      const late = e.slice(0, at).filter(is("timer.add")).sort((a, b) => b.deadline - a.deadline)[0];
      const later = e.find((event, n) => n > at && event.k === "timer.fire");
      e[at + 1].t = late.deadline;
      for (let n = at + 2; n < e.length; n++) e[n].t = Math.max(e[n].t, late.deadline);
      later.timer = late.timer;
    },
    "time-goes-on": (e) => { e[place(e, is("park.end")) + 1].t = 0; },
    "live-waker": (e) => {
      const at = place(e, is("timer.add", 1));
      e.splice(at, 2); // neither a timer nor a wait
      e[place(e, is("waker.count", 1))].noted = false;
    },
    "balanced-end": (e) => e.splice(place(e, is("task.done", 3)), 1),
  };
  return Object.entries(list).map(([rule, change]) => ({ rule, trace: changed(good, change) }));
}

module.exports = { made, broken };

if (require.main === module) {
  const [tasks, length] = process.argv.slice(2).map(Number);
  process.stdout.write(JSON.stringify(made(tasks || 50, length || 100000)) + "\n");
}
