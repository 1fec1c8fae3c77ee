// You are the loop: the reader decides what the loop does next, and the fold
// says whether a loop may do that.
//
// Invariant: the verdict is the fold's: the reader's choice is applied to a
// copy of the state as an event, and the rules that it breaks are read off.
//
// Called by player.js in the mode "drive".
"use strict";

var LoopDrive = (function () {
  const make = (...all) => LoopPanels.make(...all);
  const DECISIONS = { "poll.start": "task", "park.start": null, "timer.fire": "timer", "inbox.drain": null, "call.start": "call" };

  // Does the loop decide on event n? What a scope polls is not the loop's choice.
  function isDecision(history, n) {
    const event = history.events[n];
    return event !== undefined && event.k in DECISIONS && !history.inner.has(n);
  }

  // What the reader may try: {text, event}. The wrong ones are there too.
  function choices(state, real) {
    const all = [];
    const first = state.line[0];
    if (first < 0) all.push({ text: "Call the first callback", event: { k: "call.start", call: -first } });
    for (const number of someTasks(state, real)) {
      all.push({ text: "Poll " + LoopSentence.task(state, number), event: { k: "poll.start", task: number } });
    }
    for (const timer of someTimers(state, real)) {
      all.push({ text: "Fire timer " + timer.timer + " (due at " + LoopSentence.seconds(timer.deadline) + ")", event: { k: "timer.fire", timer: timer.timer } });
    }
    if (state.inbox.length) all.push({ text: "Drain the inbox", event: { k: "inbox.drain", n: state.inbox.length } });
    const until = state.timers.length ? state.timers[0].deadline : null;
    all.push({ text: "Park " + (until === null ? "until you are woken" : "until " + LoopSentence.seconds(until)), event: { k: "park.start", until } });
    return all;
  }

  function someTasks(state, real) {
    const live = Array.from(state.tasks.values()).filter((task) => !LoopFold.ENDED[task.state]).map((task) => task.task);
    const some = live.slice(0, 6);
    if (real.k === "poll.start" && !some.includes(real.task)) some.push(real.task);
    return some;
  }

  function someTimers(state, real) {
    const some = state.timers.slice(0, 3);
    const wanted = real.k === "timer.fire" && state.timers.find((timer) => timer.timer === real.timer);
    if (wanted && !some.includes(wanted)) some.push(wanted);
    return some;
  }

  // What becomes of a choice: {broken: flags} | {same: true} | {other: true}.
  function judge(state, event, real) {
    const trial = LoopFold.copy(state);
    const before = trial.flags.length;
    LoopFold.apply(trial, Object.assign({ i: real.i, t: state.t }, event));
    // A task that nothing can wake is the program's fault, not the loop's.
    const broken = trial.flags.slice(before).filter((flag) => flag.rule !== "live-waker");
    if (broken.length) return { broken };
    const field = DECISIONS[event.k];
    const same = event.k === real.k && (field === null || event[field] === real[field]);
    return same ? { same: true } : { other: true };
  }

  class Drive {
    constructor(box, app) {
      this.box = box;
      this.app = app;
      this.right = 0;
      this.tried = 0;
      this.verdict = "";
    }

    start() {
      this.box.hidden = false;
      this.verdict = "You are the loop. What do you do next?";
      this.toDecision();
    }

    stop() {
      this.box.hidden = true;
    }

    // Lets the trace run to just before the loop has to decide.
    toDecision() {
      const pane = this.app.focused;
      let n = pane.i + 1;
      while (n <= pane.history.last && !isDecision(pane.history, n)) n += 1;
      if (n > pane.history.last) return this.app.go(pane, pane.history.last);
      this.app.go(pane, n - 1);
    }

    arrive() {
      const pane = this.app.focused;
      const real = pane.events[pane.i + 1];
      if (pane.i === pane.history.last) return this.draw("The run is over. " + this.verdict, []);
      if (!isDecision(pane.history, pane.i + 1)) {
        const next = make("button", { type: "button", onclick: () => this.toDecision() }, "To the next decision");
        return this.draw("Here the loop decides nothing.", [next]);
      }
      const state = pane.history.at(pane.i);
      this.draw(this.verdict, choices(state, real).map((choice) =>
        make("button", { type: "button", "data-kind": choice.event.k, onclick: () => this.choose(choice, real) }, choice.text)));
    }

    choose(choice, real) {
      const pane = this.app.focused;
      const result = judge(pane.history.at(pane.i), choice.event, real);
      this.tried += 1;
      if (result.broken) {
        this.verdict = "✗ No loop may do that. " + result.broken.map((flag) => flag.rule + ": " + flag.text).join("; ") + ".";
        return this.arrive();
      }
      const after = LoopFold.apply(LoopFold.copy(pane.history.at(pane.i)), real);
      if (result.other) {
        this.verdict = "A loop could do that, but this one did something else. Try again.";
        return this.arrive();
      }
      this.right += 1;
      this.verdict = "✓ " + LoopSentence.say(real, after) + " And then?";
      this.app.go(pane, pane.i + 1, true);
      this.toDecision();
    }

    draw(text, buttons) {
      LoopPanels.sheet(this.box, text, buttons, this.tried ? this.right + " of " + this.tried + " as the loop did" : "nothing tried yet");
    }
  }

  return { Drive, judge, choices, isDecision };
})();
if (typeof module !== "undefined") module.exports = LoopDrive;
