// Predict: before the loop does something that can be foretold, asks what.
//
// Invariant: the answer is the next event of the trace; no question is written
// by hand, and none needs chance.
//
// Called by player.js in the mode "predict".
"use strict";

var LoopQuiz = (function () {
  const make = (...all) => LoopPanels.make(...all);
  const say = LoopSentence;

  // The questions that event n answers, given the state before it. Each is
  // {text, choices: [{text, right}], after}.
  function questions(events, n, state) {
    const event = events[n];
    if (!event || state.mode === "poll" || state.calling !== null) return [];
    if (event.k === "poll.start") return [whatNext(event, state)];
    if (event.k === "park.start") {
      return [whatNext(event, state), howLong(event, state)].filter((question) => question.choices.length > 1);
    }
    if (event.k === "wake") return [whatDoesItDo(event, state)];
    return [];
  }

  function whatNext(event, state) {
    const waiting = Array.from(state.tasks.values()).filter((task) => task.state === "waiting").map((task) => task.task);
    const queued = state.line.filter((entry) => entry > 0);
    const tasks = queued.slice(0, 3).concat(waiting.slice(0, 2));
    if (event.task && !tasks.includes(event.task)) tasks.push(event.task);
    const choices = tasks.sort((a, b) => a - b).map((task) => ({
      text: "It polls " + say.task(state, task), right: event.task === task,
    }));
    choices.push({ text: "It parks", right: event.k === "park.start" });
    return {
      text: "What does the loop do next?", choices,
      after: event.k === "park.start" ? "The queue is empty, so it parks." : "Task " + event.task + " is at the front of the queue.",
    };
  }

  function howLong(event, state) {
    const deadlines = Array.from(new Set(state.timers.map((timer) => timer.deadline))).filter((deadline) => deadline !== null);
    const sum = deadlinesSum(state);
    const times = deadlines.slice(0, 3);
    if (times.length && !times.includes(sum)) times.push(sum);
    const choices = times.map((time) => ({ text: "Until " + say.seconds(time), right: event.until === time }));
    choices.push({ text: "Until it is woken", right: event.until === null });
    if (!choices.some((choice) => choice.right)) choices.push({ text: "Until " + say.seconds(event.until), right: true });
    return {
      text: "How long will it sleep?", choices,
      after: event.until === null ? "No timer is set." : "The first deadline is " + say.seconds(event.until) + ". One sleep serves all timers.",
    };
  }

  // The wrong answer that adds up the waits.
  function deadlinesSum(state) {
    return state.timers.slice(0, 50).reduce((sum, timer) => sum + (timer.deadline || 0), 0);
  }

  function whatDoesItDo(event, state) {
    const effect = { queued: 0, "already-queued": 1, "after-done": 2 }[event.effect];
    const texts = ["It puts the task in the ready queue", "Nothing: the task is in the queue already", "Nothing: the task has ended"];
    return {
      text: say.upper(say.by(state, event.by)) + " wakes " + say.task(state, event.task) + ". What does that do?",
      choices: texts.map((text, n) => ({ text, right: n === effect })),
      after: texts[effect] + ".",
    };
  }

  class Quiz {
    constructor(box, app) {
      this.box = box;
      this.app = app;
      this.right = 0;
      this.asked = 0;
      this.open = [];
    }

    start() {
      this.box.hidden = false;
      this.arrive();
    }

    stop() {
      this.box.hidden = true;
      this.open = [];
    }

    // Where a step that wants to go to `target` has to stop and ask.
    stopBefore(pane, target) {
      for (let n = pane.i + 1; n <= target; n++) {
        if (this.questionsAt(pane, n).length) return n - 1;
      }
      return target;
    }

    questionsAt(pane, n) {
      const kind = pane.events[n] && pane.events[n].k;
      if (kind !== "poll.start" && kind !== "park.start" && kind !== "wake") return [];
      return questions(pane.events, n, pane.history.at(n - 1));
    }

    // The reader came to an event: is the next one a question?
    arrive() {
      const pane = this.app.focused;
      this.open = this.questionsAt(pane, pane.i + 1);
      pane.history.at(pane.i);
      if (this.open.length) this.ask();
      else this.idle(pane);
    }

    ask() {
      const question = this.open[0];
      const buttons = question.choices.map((choice) =>
        make("button", { type: "button", "data-right": String(choice.right), onclick: () => this.answer(question, choice) }, choice.text));
      this.draw(question.text, buttons);
    }

    answer(question, choice) {
      this.asked += 1;
      if (choice.right) this.right += 1;
      this.open = this.open.slice(1);
      const more = make("button", { type: "button", class: "main", onclick: () => this.goOn() }, "Go on");
      this.draw((choice.right ? "✓ Right. " : "✗ Not this time. ") + question.after, [more]);
      more.focus();
    }

    goOn() {
      if (this.open.length) return this.ask();
      const pane = this.app.focused;
      this.app.go(pane, pane.i + 1, true);
      this.app.go(pane, this.stopBefore(pane, pane.history.last));
    }

    idle(pane) {
      const end = pane.i === pane.history.last;
      const next = make("button", { type: "button", onclick: () => this.app.go(pane, this.stopBefore(pane, pane.history.last)) }, "Next question");
      this.draw(end ? "That was the whole run." : "Step on: before the loop decides something, you are asked.", end ? [] : [next]);
    }

    draw(text, buttons) {
      LoopPanels.sheet(this.box, text, buttons, this.asked ? this.right + " of " + this.asked + " right" : "no answer yet");
    }
  }

  return { Quiz, questions };
})();

if (typeof module !== "undefined") module.exports = LoopQuiz;
