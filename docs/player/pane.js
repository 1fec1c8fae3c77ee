// One trace on the page: the sentence, the lanes, the source and the panels.
//
// Invariant: `show(i)` draws the state after event i, and everything drawn
// comes from that state, that event and the trace.
//
// Called by player.js, which says which event.
"use strict";

var LoopPane = (function () {
  const make = (...all) => LoopPanels.make(...all);
  const LANGUAGES = { rust: "Rust", python: "Python" };

  class Pane {
    constructor(name, trace, app) {
      this.name = name;
      this.trace = trace;
      this.app = app;
      this.history = new LoopHistory.History(trace);
      this.events = trace.events;
      this.i = 0;
      this.root = document.getElementById("pane").content.firstElementChild.cloneNode(true);
      this.title();
      this.lanes = new LoopDraw.Lanes(this.part("lanes"), this.history, LoopLanes.build(trace),
        (i, lane) => this.picked(i, lane));
      this.code = new LoopCode.Code(this.part("code"), trace, LoopLoad.isFile(name) ? null : name);
      this.tellFlags();
      this.root.addEventListener("pointerdown", () => app.focus(this));
      this.root.addEventListener("focusin", () => app.focus(this));
      for (const button of this.root.querySelectorAll("[data-axis]")) {
        button.addEventListener("click", () => this.setAxis(button.dataset.axis));
      }
    }

    part(name) {
      return this.root.querySelector('[data-part="' + name + '"]');
    }

    title() {
      const trace = this.trace;
      const arguments_ = [].concat(trace.args || []).join(" ");
      this.part("title").textContent = [trace.program || "a program", LANGUAGES[trace.lang] || trace.lang].filter(Boolean).join(" · ");
      this.root.setAttribute("aria-label", this.part("title").textContent);
      this.part("shows").textContent = LoopLoad.isFile(this.name) ? "" : LoopLoad.shows.get(this.name) || "";
      this.part("about").textContent = [
        (trace.runtime || "") + " " + (trace.version || ""),
        arguments_, trace.clock === "virtual" ? "virtual time" : "real time",
        LoopSentence.count(this.events.length, "event"),
        LoopSentence.count(this.history.turns.length, "turn"), LoopSentence.count(this.history.polls.length, "poll"),
        LoopSentence.seconds(this.events[this.history.last].t),
        trace.dropped ? trace.dropped + " more were dropped" : "",
      ].map((text) => text.trim()).filter(Boolean).join(" · ");
    }

    tellFlags() {
      const flags = this.history.flags;
      const box = this.part("flags");
      box.hidden = !flags.length;
      if (!flags.length) return;
      // A task that nothing can wake is a fault of the program; the rest are the loop's.
      const ours = flags.some((flag) => flag.rule !== "live-waker");
      box.append(make("p", {}, ours ? "⚑ This loop broke a rule, " + LoopSentence.count(flags.length, "time") + "."
        : "⚑ This program has a task that nothing can wake."),
        make("ul", {}, ...flags.slice(0, 8).map((flag) => make("li", {},
          make("button", { type: "button", class: "link", "data-flag": flag.rule, onclick: () => this.app.go(this, flag.i) },
            "event " + flag.i + ", " + flag.rule), ": " + flag.text))));
    }

    setAxis(axis) {
      this.lanes.setAxis(axis);
      for (const button of this.root.querySelectorAll("[data-axis]")) {
        button.setAttribute("aria-pressed", String(button.dataset.axis === axis));
      }
    }

    picked(i, lane) {
      if (lane && lane.kind !== "loop" && lane.kind !== "thread") this.app.chooseTask(this, lane.key);
      if (i !== null) this.app.go(this, i);
    }

    state() {
      return this.history.at(this.i);
    }

    // Draws the state after event i.
    show(i) {
      this.i = Math.max(0, Math.min(this.history.last, i));
      const event = this.events[this.i];
      const state = this.history.at(this.i);
      this.root.dataset.event = this.i;
      this.tell(event, state);
      LoopPanels.phases(this.part("phases"), state, event);
      LoopPanels.queue(this.part("queue"), state);
      LoopPanels.inbox(this.part("inbox"), state);
      LoopPanels.timers(this.part("timers"), state);
      LoopPanels.poller(this.part("poller"), state);
      LoopPanels.pool(this.part("pool"), state);
      LoopPanels.printed(this.part("printed"), state);
      LoopPanels.tasks(this.part("tasks"), this.part("tasks-more"), state, event, {
        why: (task) => this.why(task), next: (task) => this.nextRun(task),
      });
      this.code.show(event, state, this.events);
      this.lanes.show(this.i);
      this.listEvents();
      if (this.asked) this.why(this.asked);
    }

    tell(event, state) {
      this.part("place").textContent = "event " + this.i + " of " + this.history.last + " · " + LoopSentence.seconds(event.t) +
        (event.th ? " · thread " + event.th : "") + this.site(event);
      const broken = state.flags.filter((flag) => flag.i === this.i);
      this.part("status").textContent = LoopSentence.say(event, state) +
        broken.map((flag) => " ⚑ " + flag.rule + ": " + flag.text + ".").join("");
      this.part("status").classList.toggle("broken", broken.length > 0);
    }

    site(event) {
      const site = this.trace.sites && this.trace.sites[event.s];
      // A committed trace is not recorded again for every edit of the runtime:
      // its files are right, its line numbers may be old.
      if (site) return " · recorded in " + site[0] + (LoopLoad.isFile(this.name) ? ":" + site[1] : "");
      return event.at ? " · at " + event.at : "";
    }

    // The events around this one, as a list that can be clicked.
    listEvents() {
      const box = this.part("events");
      if (!box.closest("details").open) return;
      const from = Math.max(0, Math.min(this.i - 20, this.history.last - 40));
      const items = [];
      const after = LoopFold.copy(this.history.at(from));
      for (let i = from; i <= Math.min(this.history.last, from + 40); i++) {
        if (i > from) LoopFold.apply(after, this.events[i]);
        items.push(make("li", { value: i, "aria-current": i === this.i ? "true" : null },
          make("button", { type: "button", class: "link", "data-i": i, onclick: () => this.app.go(this, i) }, LoopSentence.say(this.events[i], after))));
      }
      this.history.at(this.i);
      LoopPanels.keepFocus(box, "data-i", () => box.replaceChildren(...items));
    }

    why(task) {
      this.asked = task;
      const lines = LoopSentence.why(this.state(), task);
      const box = this.part("why");
      box.hidden = false;
      box.replaceChildren(make("h4", {}, "Why is task " + task + " waiting?"),
        make("ol", {}, ...lines.map((line) => make("li", {}, line))),
        make("button", { type: "button", onclick: () => this.stopAsking() }, "close"));
    }

    stopAsking() {
      this.asked = null;
      this.part("why").hidden = true;
    }

    nextRun(task) {
      this.app.chooseTask(this, task);
      const polls = this.history.pollsOf.get(task) || [];
      const place = LoopHistory.lastAtMost(polls, this.i) + 1;
      if (place < polls.length) return this.app.go(this, polls[place]);
      this.app.note("Task " + task + " does not run again after this.");
    }

    // How far the reader is, counted in printed lines: two traces are linked by it.
    progress() {
      const prints = this.history.prints;
      const place = LoopHistory.lastAtMost(prints, this.i);
      const from = place < 0 ? 0 : prints[place];
      const to = place + 1 < prints.length ? prints[place + 1] : this.history.last;
      return { lines: place + 1, part: to > from ? (this.i - from) / (to - from) : 1 };
    }

    // The event that is as far as another trace's reader is.
    eventAt(progress) {
      const prints = this.history.prints;
      const lines = Math.min(progress.lines, prints.length);
      const from = lines > 0 ? prints[lines - 1] : 0;
      const last = lines >= prints.length;
      const to = last ? this.history.last : prints[lines] - 1;
      const whole = last ? Math.round : Math.floor;
      return Math.max(from, Math.min(to, from + whole(progress.part * (to - from + (last ? 0 : 1)))));
    }
  }

  return { Pane };
})();
