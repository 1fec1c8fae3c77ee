// The fold: events in, the state of the loop out, as SCHEMA.md describes it.
//
// Invariant: `apply` depends on nothing but the state and the event, so the
// same events always give the same state, in a browser and in Node; and a
// state that was copied never changes when the original goes on.
//
// Called by history.js, by drive.js and by the tests. Its twin in Rust is
// `executor::instrument::replay`; both are tested on the same traces.
"use strict";

var LoopFold = (function () {
  const ENDED = { returned: true, cancelled: true, panicked: true };

  // ---- the state ------------------------------------------------------------

  function start(trace) {
    return {
      i: -1, t: 0, k: null,
      mode: "idle", turn: 0, polling: null,
      suspended: [], // tasks that poll children of their scopes just now
      scoped: new Set(), // woken children that their scopes will poll
      line: [], // the ready queue: tasks above zero, asyncio's callbacks below
      queued: new Set(),
      tasks: new Map(),
      timers: [], // in the order in which they will fire
      parked: null,
      inbox: [],
      sources: new Map(),
      jobs: new Map(),
      prints: 0,
      texts: [], // the lines printed; shared by all copies, which differ in `prints`
      calls: new Map(), // asyncio's callbacks that wait: number -> name
      calling: null,
      flags: [],
      unwakeable: new Set(), // tasks that wait, and nothing can wake them
      waiters: new Map(), // "timer 1" -> tasks that wait for it
      armed: 0,
      tiesAreFree: trace.lang === "python", // asyncio's heap keeps no order among equals
      whole: !trace.dropped,
    };
  }

  function copy(state) {
    return Object.assign({}, state, {
      line: state.line.slice(),
      queued: new Set(state.queued),
      suspended: state.suspended.slice(),
      scoped: new Set(state.scoped),
      tasks: new Map(state.tasks),
      timers: state.timers.slice(),
      inbox: state.inbox.slice(),
      sources: new Map(state.sources),
      jobs: new Map(state.jobs),
      calls: new Map(state.calls),
      flags: state.flags.slice(),
      unwakeable: new Set(state.unwakeable),
      waiters: new Map(state.waiters),
    });
  }

  // How much a copy costs: history.js keeps one each time as many events passed.
  function size(state) {
    return state.tasks.size + state.timers.length + state.line.length +
      state.jobs.size + state.sources.size + state.waiters.size + state.inbox.length;
  }

  function flag(state, rule, text) {
    state.flags.push({ rule, i: state.i, text });
  }

  // ---- tasks and their waits ------------------------------------------------

  // Tasks are replaced, never changed: copies of the state share them.
  function setTask(state, number, changes) {
    const before = state.tasks.get(number);
    if (!before) return;
    const task = sameTask(before);
    for (const name in changes) task[name] = changes[name];
    state.tasks.set(number, task);
    const lost = task.state === "waiting" && !task.waits.length && !task.wakers && !task.noted;
    if (lost) state.unwakeable.add(number);
    else state.unwakeable.delete(number);
  }

  // Written out, and not Object.assign, because it runs for every event.
  function sameTask(one) {
    return {
      task: one.task, name: one.name, parent: one.parent, at: one.at, state: one.state, polls: one.polls,
      waits: one.waits, wakers: one.wakers, noted: one.noted, cancel: one.cancel,
    };
  }

  function keyOf(on) {
    if (on.timer !== undefined) return "timer " + on.timer;
    if (on.task !== undefined) return "task " + on.task;
    if (on.source !== undefined) return "source " + on.source + (on.dir ? " " + on.dir : "");
    if (on.job !== undefined) return "job " + on.job;
    return "other " + on.other;
  }

  function addWait(state, number, on) {
    const task = state.tasks.get(number);
    const key = keyOf(on);
    const others = state.waiters.get(key) || [];
    if (!task || others.includes(number)) return;
    state.waiters.set(key, others.concat([number]));
    setTask(state, number, { waits: task.waits.concat([on]) });
  }

  function dropWaits(state, number, gone) {
    const task = state.tasks.get(number);
    if (!task) return;
    const leaving = task.waits.filter(gone);
    if (!leaving.length) return;
    for (const on of leaving) forgetWaiter(state, keyOf(on), number);
    setTask(state, number, { waits: task.waits.filter((on) => !gone(on)) });
  }

  function forgetWaiter(state, key, number) {
    const left = (state.waiters.get(key) || []).filter((one) => one !== number);
    if (left.length) state.waiters.set(key, left);
    else state.waiters.delete(key);
  }

  // The target of a wait has completed: removes it from the waits of all tasks.
  function over(state, what) {
    for (const number of state.waiters.get(keyOf(what)) || []) {
      dropWaits(state, number, (on) => same(on, what));
    }
  }

  function same(a, b) {
    return a.timer === b.timer && a.task === b.task && a.source === b.source && a.dir === b.dir &&
      a.job === b.job && a.other === b.other;
  }

  function isOver(state, number) {
    const task = state.tasks.get(number);
    return !task || ENDED[task.state] === true;
  }

  function leaveQueue(state, number) {
    const place = state.line.indexOf(number);
    if (place >= 0) state.line.splice(place, 1);
    state.queued.delete(number);
  }

  // ---- timers -----------------------------------------------------------------

  const never = (timer) => (timer.deadline === null ? Infinity : timer.deadline);
  const before = (a, b) => never(a) < never(b) || (never(a) === never(b) && a.order < b.order);

  function placeOf(timers, timer) {
    let low = 0, high = timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(timers[middle], timer)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function arm(state, timer, task, deadline) {
    const entry = { timer, task, deadline, order: state.armed++ };
    state.timers.splice(placeOf(state.timers, entry), 0, entry);
  }

  function disarm(state, number) {
    const place = state.timers.findIndex((timer) => timer.timer === number);
    return place < 0 ? null : state.timers.splice(place, 1)[0];
  }

  function checkFire(state, event) {
    const timer = state.timers.find((one) => one.timer === event.timer);
    if (!timer) return flag(state, "timer-order", "timer " + event.timer + " fired, and is not set");
    if (never(timer) > event.t) {
      flag(state, "no-early-timer", "timer " + event.timer + " fired before its deadline");
    }
    const first = state.timers[0];
    const early = state.tiesAreFree ? never(first) < never(timer) : first !== timer;
    if (early) flag(state, "timer-order", "timer " + first.timer + " was due before timer " + event.timer);
  }

  // ---- what each kind does --------------------------------------------------

  const kinds = {
    "run.start": (s) => { s.mode = "turn"; },
    "run.end": idle,
    "loop.close": (s) => { s.mode = "closing"; },
    "loop.closed": (s) => { idle(s); checkEnd(s); },
    "turn": (s, e) => { s.mode = "turn"; s.turn = e.n; },
    "turn.order": (s, e) => { s.line = e.order.slice(); s.queued = new Set(e.order); },
    "ready.push": (s, e) => { push(s, e); s.line.push(e.task); s.queued.add(e.task); },
    "scope.push": (s, e) => { push(s, e); s.scoped.add(e.task); },
    "poll.start": startPoll,
    "poll.end": endPoll,
    "park.start": startPark,
    "park.end": (s) => { s.mode = "turn"; s.parked = null; },
    "task.spawn": (s, e) => {
      s.tasks.set(e.task, {
        task: e.task, name: e.name, parent: e.parent === undefined ? null : e.parent, at: e.at,
        state: "waiting", polls: 0, waits: [], wakers: 0, noted: false, cancel: false,
      });
    },
    "task.cancel": (s, e) => setTask(s, e.task, { cancel: true }),
    "task.done": (s, e) => {
      leaveQueue(s, e.task);
      s.scoped.delete(e.task);
      dropWaits(s, e.task, () => true);
      setTask(s, e.task, { state: e.how, wakers: 0, noted: false });
      over(s, { task: e.task });
    },
    "waker.count": (s, e) => setTask(s, e.task, { wakers: e.n, noted: e.noted }),
    "await": (s, e) => addWait(s, e.task, e.on),
    "await.end": (s, e) => dropWaits(s, e.task, (on) => same(on, e.on)),
    "timer.add": (s, e) => arm(s, e.timer, e.task, e.deadline),
    "timer.move": (s, e) => {
      const timer = disarm(s, e.timer);
      if (timer) arm(s, e.timer, timer.task, e.deadline);
    },
    "timer.fire": (s, e) => { checkFire(s, e); disarm(s, e.timer); over(s, { timer: e.timer }); },
    "timer.cancel": (s, e) => { disarm(s, e.timer); over(s, { timer: e.timer }); },
    "io.register": (s, e) => {
      s.sources.set(e.src, { src: e.src, kind: e.kind, addr: e.addr === undefined ? null : e.addr, readers: [], writers: [] });
    },
    "io.deregister": (s, e) => {
      s.sources.delete(e.src);
      for (const dir of [undefined, "read", "write"]) over(s, { source: e.src, dir });
    },
    "io.interest": interest,
    "io.event": ioEvent,
    "inbox.push": (s, e) => { s.inbox.push({ task: e.task === undefined ? null : e.task, what: e.what }); },
    "inbox.drain": (s, e) => { s.inbox.splice(0, e.n); },
    "pool.submit": (s, e) => { s.jobs.set(e.job, { job: e.job, task: e.task, state: "queued", worker: null }); },
    "pool.start": (s, e) => setJob(s, e.job, { state: "running", worker: e.th || 0 }),
    "pool.end": (s, e) => setJob(s, e.job, { state: "ended" }),
    "pool.done": (s, e) => { s.jobs.delete(e.job); over(s, { job: e.job }); },
    "pool.cancel": (s, e) => { s.jobs.delete(e.job); over(s, { job: e.job }); },
    "print": (s, e) => { s.texts[s.prints++] = e.text; },
    // asyncio's callbacks stand in the same line as its tasks.
    "call.push": (s, e) => { s.line.push(-e.call); s.calls.set(e.call, e.name); },
    "call.start": (s, e) => { leaveQueue(s, -e.call); s.calling = s.calls.get(e.call) || null; s.calls.delete(e.call); },
    "call.end": (s) => { s.calling = null; },
    "call.drop": (s, e) => { leaveQueue(s, -e.call); s.calls.delete(e.call); },
  };

  function push(state, event) {
    const number = event.task;
    if (state.queued.has(number) || state.scoped.has(number)) {
      flag(state, "no-duplicate", "task " + number + " is in the queue already");
    }
    if (isOver(state, number)) {
      flag(state, "no-poll-after-done", "task " + number + " has ended, and was queued");
    }
    if (state.polling !== number) setTask(state, number, { state: "ready" });
  }

  function startPoll(state, event) {
    const number = event.task;
    const isScoped = state.scoped.has(number);
    if (!isScoped && state.polling !== null) {
      flag(state, "one-at-a-time", "task " + state.polling + " is still being polled");
    }
    if (isScoped && state.polling === null) {
      flag(state, "one-at-a-time", "task " + number + " is its scope's to poll, and the loop polled it");
    }
    if (isOver(state, number)) {
      flag(state, "no-poll-after-done", "task " + number + " has ended, and was polled");
    }
    const first = state.line.find((entry) => entry > 0);
    if (first !== number && !isScoped) {
      flag(state, "queue-order", "task " + number + " was not at the front of the queue");
    }
    if (isScoped) state.scoped.delete(number);
    else leaveQueue(state, number);
    if (state.polling !== null) state.suspended.push(state.polling);
    state.mode = "poll";
    state.polling = number;
    const task = state.tasks.get(number);
    if (!task) return;
    dropWaits(state, number, (on) => "other" in on);
    setTask(state, number, { state: "polling", polls: task.polls + 1 });
  }

  function endPoll(state, event) {
    state.polling = state.suspended.length ? state.suspended.pop() : null;
    if (state.polling === null) state.mode = "turn";
    if (isOver(state, event.task)) return;
    const woken = state.queued.has(event.task) || state.scoped.has(event.task);
    setTask(state, event.task, { state: woken ? "ready" : "waiting" });
  }

  function idle(state) {
    state.mode = "idle";
    state.parked = null;
  }

  function startPark(state, event) {
    if (state.line.length) flag(state, "no-park-with-work", "the queue is not empty");
    for (const number of state.unwakeable) {
      flag(state, "live-waker", "task " + number + " waits, and nothing can wake it");
    }
    state.mode = "park";
    state.parked = { until: event.until === undefined ? null : event.until };
  }

  function interest(state, event) {
    const source = state.sources.get(event.src);
    if (!source) return;
    const end = event.dir === "read" ? "readers" : "writers";
    let tasks = source[end];
    if (event.task === null) {
      tasks = [];
      over(state, { source: event.src, dir: event.dir });
    } else if (!tasks.includes(event.task)) {
      tasks = tasks.concat([event.task]);
    }
    state.sources.set(event.src, Object.assign({}, source, { [end]: tasks }));
  }

  function ioEvent(state, event) {
    const source = state.sources.get(event.src);
    if (!source) return;
    const changes = {};
    if (event.readable || event.closed) {
      changes.readers = [];
      over(state, { source: event.src, dir: "read" });
    }
    if (event.writable || event.closed) {
      changes.writers = [];
      over(state, { source: event.src, dir: "write" });
    }
    state.sources.set(event.src, Object.assign({}, source, changes));
  }

  function setJob(state, number, changes) {
    const job = state.jobs.get(number);
    if (job) state.jobs.set(number, Object.assign({}, job, changes));
  }

  function checkEnd(state) {
    if (!state.whole) return;
    const left = [];
    if (state.line.length) left.push("the queue");
    for (const task of state.tasks.values()) {
      if (!ENDED[task.state]) left.push("task " + task.task);
    }
    if (state.timers.length) left.push("timer " + state.timers[0].timer);
    for (const job of state.jobs.keys()) left.push("job " + job);
    for (const source of state.sources.keys()) left.push("source " + source);
    if (left.length) flag(state, "balanced-end", "left over: " + left.slice(0, 8).join(", "));
  }

  // ---- the fold ---------------------------------------------------------------

  // Changes the state by one event, and returns it.
  function apply(state, event) {
    const earlier = state.t;
    state.i = event.i;
    state.t = event.t;
    state.k = event.k;
    if (event.t < earlier) flag(state, "time-goes-on", "time went back");
    const change = kinds[event.k];
    if (change) change(state, event);
    return state;
  }

  // The state as SCHEMA.md writes it: what both folds must agree on.
  function dump(state) {
    return {
      i: state.i, t: state.t, k: state.k, mode: state.mode, turn: state.turn,
      polling: state.polling,
      suspended: state.suspended,
      queue: state.line.filter((entry) => entry > 0),
      tasks: Array.from(state.tasks.values(), (task) => ({
        task: task.task, name: task.name, parent: task.parent, state: task.state,
        polls: task.polls, waits: task.waits, wakers: task.wakers, noted: task.noted,
        cancel: task.cancel,
      })),
      timers: state.timers.map((timer) => ({ timer: timer.timer, task: timer.task, deadline: timer.deadline })),
      parked: state.parked,
      inbox: state.inbox,
      sources: byNumber(state.sources),
      jobs: byNumber(state.jobs),
      printed: state.texts.slice(0, state.prints),
    };
  }

  function byNumber(map) {
    return Array.from(map.keys()).sort((a, b) => a - b).map((number) => map.get(number));
  }

  return { start, apply, copy, size, dump, keyOf, ENDED };
})();

if (typeof module !== "undefined") module.exports = LoopFold;
