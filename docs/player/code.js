// The program and the loop's own lines, with those marked that are being run.
//
// Invariant: the lines come from source.js, which generate.js makes from the
// repository's files; nothing is typed here.
//
// Called by pane.js.
"use strict";

var LoopCode = (function () {
  const make = (...all) => LoopPanels.make(...all);

  // How a task ended, and how the main task and the run did: the places.
  const TASK_ENDED = { returned: "task.done", cancelled: "task.cancelled", panicked: "task.panicked" };
  const MAIN_ENDED = { returned: "main.done", cancelled: "main.stalled", stalled: "main.stalled", panicked: "main.panicked" };

  // The name of the place in the source where an event happens. generate.js
  // says which line that is.
  function placeOf(event, state, main) {
    const own = event.task === main || state.polling === main ? ".main" : "";
    if (state.suspended.length || (event.k === "poll.end" && state.polling !== null)) {
      const outer = state.suspended.length ? state.suspended[0] : state.polling;
      return "inside" + (outer === main ? ".main" : "");
    }
    if (state.mode === "closing") return "main.done";
    switch (event.k) {
      case "poll.start": case "poll.end": return event.k;
      case "waker.count": return state.mode === "park" ? "park.start" : "poll.end";
      case "task.done": return (event.task === main ? MAIN_ENDED : TASK_ENDED)[event.how];
      case "run.end": return MAIN_ENDED[event.how] || "main.done";
      case "run.start": case "turn": case "turn.order": return "turn";
      case "loop.close": case "loop.closed": return "main.done";
      case "timer.fire": case "park.start": case "park.end": case "inbox.drain": return event.k;
      case "pool.done": return "inbox.job";
      case "io.event": return fromPoller(state);
      case "call.start": case "call.end": return event.k;
    }
    if (state.mode === "poll") return "inside" + own;
    if (state.calling !== null) return "call.start";
    if (event.k === "wake" || event.k === "ready.push" || event.k === "call.push") return cause(event, state);
    return state.mode === "park" ? "park.start" : "turn";
  }

  // The poller is asked in two places: between polls, and to sleep.
  function fromPoller(state) {
    return state.mode === "park" ? "park.wait" : "io.event";
  }

  function cause(event, state) {
    if (event.k === "call.push" || (event.by && event.by.timer)) return "timer.wake";
    if (event.by === "io") return fromPoller(state);
    if (event.by === "mail") return "inbox.wake";
    if (event.by && event.by.job) return "inbox.job";
    return "turn";
  }

  class Code {
    // `name` is that of a trace beside the page, or null for a file of the reader's.
    constructor(box, trace, name) {
      const all = typeof LOOP_SOURCE === "undefined" ? {} : LOOP_SOURCE;
      this.source = all[trace.lang] || null;
      this.programs = all.programs || {};
      this.trace = trace;
      this.box = box;
      this.parts = [];
      this.marked = [];
      this.main = (trace.events.find((event) => event.k === "task.spawn") || {}).task;
      this.program = this.addProgram(this.programs[name] || this.programAt());
      if (!this.source) return;
      this.box.append(make("h3", {}, "The loop’s own lines"));
      this.parts = this.add(this.source.parts, "loop");
    }

    // A program whose text is here, if events say which of its lines they are at.
    programAt() {
      const at = this.trace.events.find((event) => event.at && this.programs[event.at.split(":")[0]]);
      this.file = at && at.at.split(":")[0];
      return at ? this.programs[this.file] : null;
    }

    addProgram(program) {
      if (!program) return null;
      this.box.append(make("h3", {}, "The program"));
      return { parts: this.add(program.parts, "program"), lines: program.lines };
    }

    // Adds one box to scroll in, with the parts below each other.
    add(parts, kind) {
      const box = make("div", { class: "lines " + kind, tabindex: "0", role: "region", "aria-label": parts[0].title });
      this.box.append(box);
      return parts.map((part) => {
        const lines = part.lines.map((text, n) => make("li", { value: part.first + n }, make("code", {}, text || " ")));
        box.append(make("section", {}, make("p", { class: "caption" }, part.title), make("ol", {}, ...lines)));
        return { title: part.title, first: part.first, lines, box };
      });
    }

    show(event, state, events) {
      for (const line of this.marked) line.removeAttribute("aria-current");
      this.marked = [];
      if (this.source) this.markLoop(event, state, events);
      if (this.program) this.markProgram(event, events);
    }

    // A push after a wake stands on the wake's line.
    markLoop(event, state, events) {
      let told = event;
      if (event.k === "ready.push" && event.i > 0 && events[event.i - 1].k === "wake") told = events[event.i - 1];
      const anchor = this.source.places[placeOf(told, state, this.main)];
      if (anchor) this.mark(this.parts[anchor[0]], anchor[1]);
    }

    // The line of the event, or of the last one of the same poll that has one.
    markProgram(event, events) {
      for (let i = event.i; i >= 0 && i > event.i - 8; i--) {
        if (/^(turn|park|poll.end|call)/.test(events[i].k)) return;
        const number = this.lineOf(events[i]);
        const part = number && this.program.parts.find((one) => number >= one.first && number < one.first + one.lines.length);
        if (part) return this.mark(part, number);
      }
    }

    lineOf(event) {
      if (this.program.lines) return this.program.lines[event.i];
      const [file, line] = (event.at || "").split(":");
      return file === this.file ? Number(line) : 0;
    }

    mark(part, number) {
      const line = part.lines[number - part.first];
      if (!line) return;
      line.setAttribute("aria-current", "true");
      this.marked.push(line);
      this.scroll(part, number - part.first);
    }

    // After the frame is laid out: asking earlier would lay it out twice.
    scroll(part, n) {
      requestAnimationFrame(() => setTimeout(() => {
        const { box } = part, top = part.lines[n].offsetTop;
        if (top < box.scrollTop + 30 || top > box.scrollTop + box.clientHeight - 40) {
          box.scrollTop = Math.max(0, top - box.clientHeight / 2);
        }
      }));
    }
  }

  return { Code, placeOf };
})();

if (typeof module !== "undefined") module.exports = LoopCode;
