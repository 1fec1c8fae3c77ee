// A trace that can be read at any event, forward and back.
//
// Invariant: `at(i)` is the fold of events 0 to i, however one came there.
// Going back is not undoing: it folds again from the last copy before i.
//
// Called by player.js, the other panels and the tests.
"use strict";

var LoopHistory = (function () {
  const fold = typeof module !== "undefined" ? require("./fold.js") : LoopFold;

  // A copy is kept at least this many events apart, and further apart when the
  // state is large, so that all copies together cost no more than the fold.
  const EVENTS_BETWEEN_COPIES = 256;

  class History {
    constructor(trace) {
      check(trace);
      this.trace = trace;
      this.events = trace.events;
      this.last = trace.events.length - 1;
      this.polls = [];
      this.turns = [];
      this.prints = [];
      this.inner = new Set(); // polls of a scope's children, inside another poll
      this.pollsOf = new Map();
      this.copies = [];
      this.state = fold.start(trace);
      this.flags = [];
      this.foldAll();
    }

    foldAll() {
      let since = 0;
      let state = this.state;
      for (const event of this.events) {
        if (since >= EVENTS_BETWEEN_COPIES && since >= fold.size(state)) {
          this.copies.push(fold.copy(state));
          since = 0;
        }
        if (event.k === "poll.start" && state.polling !== null) this.inner.add(event.i);
        applyOrSay(state, event);
        this.note(event);
        since += 1;
      }
      this.flags = state.flags;
      this.end = state;
      this.state = fold.start(this.trace);
      this.state.texts = state.texts;
      this.begin = fold.copy(this.state);
    }

    note(event) {
      switch (event.k) {
        case "poll.start":
          this.polls.push(event.i);
          if (!this.pollsOf.has(event.task)) this.pollsOf.set(event.task, []);
          this.pollsOf.get(event.task).push(event.i);
          break;
        case "turn": this.turns.push(event.i); break;
        case "print": this.prints.push(event.i); break;
      }
    }

    // The state after event i. The caller reads it and changes nothing.
    at(i) {
      if (i < this.state.i) this.state = this.nearest(i);
      else if (i - this.state.i > EVENTS_BETWEEN_COPIES) {
        const near = this.nearest(i);
        if (near.i > this.state.i) this.state = near;
      }
      while (this.state.i < i) fold.apply(this.state, this.events[this.state.i + 1]);
      return this.state;
    }

    nearest(i) {
      const place = lastAtMost(this.copies, i, (state) => state.i);
      return fold.copy(place < 0 ? this.begin : this.copies[place]);
    }

    // The number among `places` to go to from i: the next one or the one before.
    next(places, i) {
      const place = lastAtMost(places, i) + 1;
      return place < places.length ? places[place] : this.last;
    }

    previous(places, i) {
      const place = lastAtMost(places, i - 1);
      return place < 0 ? 0 : places[place];
    }
  }

  // The index of the last item that is at most `value`; -1 if there is none.
  function lastAtMost(items, value, read) {
    let low = 0, high = items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const item = read ? read(items[middle]) : items[middle];
      if (item <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  function applyOrSay(state, event) {
    try {
      fold.apply(state, event);
    } catch (error) {
      throw new Error("Event " + event.i + " (" + event.k + ") lacks a member that its kind needs; SCHEMA.md names them. " + error.message);
    }
  }

  const SCHEMA = "loop-trace/1";

  // Says what is wrong with a file that is not a trace.
  function check(trace) {
    const schema = trace && trace.schema;
    if (trace && trace.traceEvents) {
      throw new Error("This file is for Perfetto. Record one for the player: EXECUTOR_TRACE=file.json, without “.perfetto” in its name.");
    }
    if (typeof schema === "string" && schema.startsWith("loop-trace/") && schema !== SCHEMA) {
      throw new Error("This trace is in the form " + schema + ", and this player reads " + SCHEMA + ". Open it with the player that came with its recorder.");
    }
    if (schema !== SCHEMA) {
      throw new Error('This is not a loop-trace/1 file: it does not say "schema": "loop-trace/1".');
    }
    if (!Array.isArray(trace.events) || !trace.events.length) {
      throw new Error("This trace has no events.");
    }
    trace.events.forEach(checkEvent);
  }

  function checkEvent(event, i) {
    const wrong = (what) => { throw new Error("Event " + i + " " + what); };
    if (!event || typeof event !== "object") wrong("is not an object.");
    if (event.i !== i) wrong("has the number " + event.i + ": events are missing.");
    if (typeof event.k !== "string") wrong("does not say its kind, k.");
    if (typeof event.t !== "number") wrong("does not say its time, t.");
    for (const name of ["at", "text", "name"]) {
      if (event[name] !== undefined && typeof event[name] !== "string") wrong("has a member “" + name + "” that is not a text.");
    }
    for (const name of ["on", "by"]) {
      const value = event[name];
      if (value && typeof value !== "object" && typeof value !== "string") wrong("has a member “" + name + "” that is neither an object nor a text.");
    }
    if (/^await/.test(event.k) && (!event.on || typeof event.on !== "object")) wrong("does not say what is waited for, on.");
  }

  return { History, lastAtMost, check };
})();

if (typeof module !== "undefined") module.exports = LoopHistory;
