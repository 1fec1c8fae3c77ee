// A trace as lanes: for each task, thread and the loop, what it did from which
// event to which. Pure data; draw.js and the picture maker paint it.
//
// Invariant: the stretches of a lane are in order and do not overlap.
//
// Called by pane.js and the maker of the page without script.
"use strict";

var LoopLanes = (function () {
  class Lane {
    constructor(label, kind, key) {
      this.label = label;
      this.kind = kind; // "loop", "task", "child" or "thread"
      this.key = key;
      this.stretches = []; // {from, to, what, text}: events from <= i < to
      this.open = null;
      this.row = 0;
    }

    begin(i, what, text) {
      this.end(i);
      this.open = { from: i, to: Infinity, what, text: text || "" };
      this.stretches.push(this.open);
    }

    end(i) {
      if (!this.open) return;
      this.open.to = i;
      if (i <= this.open.from) this.stretches.pop();
      this.open = null;
    }
  }

  class Builder {
    constructor(trace) {
      this.loop = new Lane("loop", "loop", "loop");
      this.tasks = new Map();
      this.children = new Map(); // task -> Map(child -> lane)
      this.threads = new Map();
      this.queued = new Set();
      this.polled = []; // a scope polls its children inside the poll of its owner
      this.child = null;
      this.wakes = [];
      for (const event of trace.events) this.take(event);
    }

    take(e) {
      switch (e.k) {
        case "turn": return this.loop.begin(e.i, "turn", "turn " + e.n);
        case "park.start": return this.loop.begin(e.i, "park", "park");
        case "park.end": case "run.end": case "loop.closed": return this.loop.end(e.i);
        case "loop.close": return this.loop.begin(e.i, "turn", "close");
        case "task.spawn": return this.spawn(e);
        case "ready.push": case "scope.push": return this.push(e);
        case "poll.start": return this.startPoll(e);
        case "poll.end": return this.endPoll(e);
        case "task.done": return this.done(e);
        case "child.poll": return this.pollChild(e);
        case "child.done": return this.childDone(e);
        case "pool.start": return this.thread(e.th || 0).begin(e.i, "job", "job " + e.job);
        case "pool.end": return this.thread(e.th || 0).end(e.i);
        case "wake": return void this.wakes.push({ i: e.i, by: e.by, task: e.task, effect: e.effect, th: e.th });
      }
    }

    task(number) {
      return this.tasks.get(number) || new Lane("", "task", number);
    }

    spawn(e) {
      const name = e.name && e.name !== "Task-" + e.task ? e.task + " " + e.name : "task " + e.task;
      this.tasks.set(e.task, new Lane(name, "task", e.task));
    }

    push(e) {
      this.queued.add(e.task);
      if (!this.polled.includes(e.task)) this.task(e.task).begin(e.i, "ready", "queued");
    }

    startPoll(e) {
      this.queued.delete(e.task);
      this.polled.push(e.task);
      this.task(e.task).begin(e.i, "polling", "poll");
    }

    endPoll(e) {
      this.polled.pop();
      this.leaveChild(e.i);
      if (e.result === "ready" || e.result === "panic") this.task(e.task).end(e.i + 1);
      else if (this.queued.has(e.task)) this.task(e.task).begin(e.i, "ready", "queued");
      else this.task(e.task).begin(e.i, "waiting", "waits");
    }

    done(e) {
      const lane = this.task(e.task);
      lane.begin(e.i, e.how === "returned" ? "returned" : "cut", e.how);
      lane.end(e.i + 1);
    }

    childLane(e) {
      if (!this.children.has(e.task)) this.children.set(e.task, new Map());
      const lanes = this.children.get(e.task);
      if (!lanes.has(e.child)) lanes.set(e.child, new Lane("· future " + e.child, "child", e.task));
      return lanes.get(e.child);
    }

    pollChild(e) {
      this.leaveChild(e.i);
      this.child = this.childLane(e);
      this.child.begin(e.i, "polling", "poll");
    }

    childDone(e) {
      const lane = this.childLane(e);
      lane.begin(e.i, "returned", "ready");
      lane.end(e.i + 1);
      if (this.child === lane) this.child = null;
    }

    leaveChild(i) {
      if (this.child) this.child.begin(i, "waiting", "waits");
      this.child = null;
    }

    thread(number) {
      if (!this.threads.has(number)) this.threads.set(number, new Lane("thread " + number, "thread", number));
      return this.threads.get(number);
    }
  }

  // The lanes in the order in which they are drawn, and the wakes between them.
  function build(trace) {
    const built = new Builder(trace);
    const lanes = [built.loop];
    for (const [number, lane] of built.tasks) {
      lanes.push(lane);
      for (const child of (built.children.get(number) || new Map()).values()) lanes.push(child);
    }
    for (const lane of built.threads.values()) lanes.push(lane);
    lanes.forEach((lane, row) => {
      lane.row = row;
      if (lane.open) lane.open.to = trace.events.length;
    });
    const rowOfTask = (number) => (built.tasks.has(number) ? built.tasks.get(number).row : 0);
    const wakes = built.wakes.map((wake) => ({
      i: wake.i, from: causeRow(wake, rowOfTask, built.threads), to: rowOfTask(wake.task),
      hollow: wake.effect !== "queued", task: wake.task,
    }));
    return { lanes, wakes, rowOfTask };
  }

  // The lane an arrow starts from: timers, sockets and messages are the loop's.
  function causeRow(wake, rowOfTask, threads) {
    if (wake.th && threads.has(wake.th)) return threads.get(wake.th).row;
    if (wake.by && wake.by.task) return rowOfTask(wake.by.task);
    return 0;
  }

  return { build };
})();

if (typeof module !== "undefined") module.exports = LoopLanes;
