// The state as panels: queue, inbox, timers, poller, pool, tasks, output.
//
// Invariant: a panel shows the state it was given and nothing else, so that a
// step back shows exactly what the step forward showed.
//
// Called by pane.js. The data-… attributes are what the tests read.
"use strict";

var LoopPanels = (function () {
  const MOST = 24; // entries shown of a long list; the rest is a number
  const say = LoopSentence;

  // Makes an element: make("li", {class: "chip"}, "text", child, …).
  function make(tag, attributes, ...inside) {
    const element = document.createElement(tag);
    for (const name of Object.keys(attributes || {})) {
      const value = attributes[name];
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...inside.filter((part) => part !== null && part !== undefined));
    return element;
  }

  // Draws a box anew, and gives the focus back to the button that had it: one
  // is known by the value of `attribute`.
  function keepFocus(box, attribute, draw) {
    const had = box.contains(document.activeElement) && document.activeElement.getAttribute(attribute);
    draw();
    const again = had && box.querySelector("[" + attribute + '="' + had + '"]');
    if (again) again.focus({ preventScroll: true });
  }

  // What a mode asks: the question, which a screen reader is told of because its
  // element stays; the answers; the score. A focus in the answers stays there.
  function sheet(box, question, buttons, score) {
    if (!box.firstChild) {
      box.append(make("p", { class: "question", "aria-live": "polite" }),
        make("div", { class: "answers", role: "group", "aria-label": "Answers", tabindex: "-1" }), make("p", { class: "score" }));
    }
    const [text, answers, points] = box.children;
    const here = answers.contains(document.activeElement);
    write(text, question);
    answers.replaceChildren(...buttons);
    write(points, score);
    if (here) answers.focus({ preventScroll: true });
  }

  // A list of `items`, cut after MOST, or a word for "empty".
  function list(box, items, draw, empty) {
    if (!items.length) return box.replaceChildren(make("p", { class: "empty" }, empty));
    const entries = items.slice(0, MOST).map(draw);
    if (items.length > MOST) entries.push(make("li", { class: "more" }, "and " + (items.length - MOST) + " more"));
    box.replaceChildren(make("ul", { class: "entries" }, ...entries));
  }

  function nameOf(state, number) {
    const task = state.tasks.get(number);
    return task && task.name && task.name !== "Task-" + number ? task.name : "";
  }

  // ---- the queue and the inbox ---------------------------------------------------

  function queue(box, state) {
    list(box, state.line, (entry) => {
      if (entry > 0) return chip(state, entry);
      return make("li", { class: "chip call", "data-call": -entry }, "callback", make("small", {}, state.calls.get(-entry) || ""));
    }, "empty");
    box.dataset.tasks = state.line.filter((entry) => entry > 0).join(" ");
  }

  function chip(state, number) {
    return make("li", { class: "chip", "data-task": number }, "task " + number, make("small", {}, nameOf(state, number)));
  }

  function inbox(box, state) {
    list(box, state.inbox, (message) =>
      make("li", { class: "chip" }, message.what || "message", make("small", {}, message.task ? "task " + message.task : "")), "empty");
    box.dataset.messages = state.inbox.length;
  }

  // ---- timers, sockets, jobs ------------------------------------------------------

  function timers(box, state) {
    list(box, state.timers, (timer, place) => make("li", { class: place === 0 ? "row next" : "row", "data-timer": timer.timer },
      make("span", {}, say.seconds(timer.deadline)),
      make("small", {}, "timer " + timer.timer + (timer.task ? " → task " + timer.task : "") + (place === 0 ? " · next" : ""))), "none");
    box.dataset.timers = state.timers.map((timer) => timer.timer).join(" ");
  }

  function poller(box, state) {
    const sources = Array.from(state.sources.values());
    const awaiting = (direction, tasks) => tasks.length > 0 &&
      direction + " → task" + (tasks.length > 1 ? "s " : " ") + tasks.join(", ");
    list(box, sources, (source) => make("li", { class: "row", "data-source": source.src },
      make("span", {}, "socket " + source.src),
      make("small", {}, [source.kind, source.addr, awaiting("read", source.readers),
        awaiting("write", source.writers)].filter(Boolean).join(" · "))), "no sockets");
    if (state.parked) {
      const until = state.parked.until;
      box.append(make("p", { class: "parked" }, "parked " + (until === null ? "until it is woken" : "until " + say.seconds(until))));
    }
    box.dataset.parked = state.parked ? String(state.parked.until) : "";
  }

  function pool(box, state) {
    const jobs = Array.from(state.jobs.values());
    list(box, jobs, (job) => make("li", { class: "row", "data-job": job.job },
      make("span", {}, "job " + job.job),
      make("small", {}, job.state + (job.worker ? " on thread " + job.worker : "") + (job.task ? " · for task " + job.task : ""))), "no jobs");
  }

  function printed(box, state) {
    const from = Math.max(0, state.prints - 200);
    const lines = state.texts.slice(from, state.prints);
    const text = (from ? "… " + from + " lines before\n" : "") + lines.join("\n");
    if (box.textContent !== text) {
      box.textContent = text;
      requestAnimationFrame(() => { box.scrollTop = box.scrollHeight; });
    }
    box.dataset.lines = state.prints;
  }

  // ---- the lanes as a table ---------------------------------------------------------

  const STATES = {
    waiting: "waits", ready: "in the queue", polling: "being polled",
    returned: "returned", cancelled: "cancelled", panicked: "panicked",
  };

  // The tasks to show: those that live first, and of those that have ended the last.
  function shown(state, event) {
    const live = [], ended = [];
    for (const task of state.tasks.values()) {
      (LoopFold.ENDED[task.state] ? ended : live).push(task);
    }
    const some = live.slice(0, MOST).concat(ended.slice(-Math.max(6, MOST - live.length)));
    const now = event.task && state.tasks.get(event.task);
    if (now && !some.includes(now)) some.push(now);
    return some.sort((a, b) => a.task - b.task);
  }

  function tasks(body, note, state, event, act) {
    const some = shown(state, event);
    const rows = new Map(Array.from(body.rows, (one) => [one.dataset.task, one]));
    const wanted = some.map((task) => rows.get(String(task.task)) || row(task, act));
    if (wanted.length !== body.rows.length || wanted.some((one, n) => one !== body.rows[n])) {
      keepFocus(body, "data-key", () => body.replaceChildren(...wanted));
    }
    some.forEach((task, n) => fill(wanted[n], state, event, task));
    const hidden = state.tasks.size - some.length;
    note.textContent = hidden > 0 ? "and " + hidden + " more" : state.tasks.size ? "" : "no task yet";
  }

  // A row is made once and filled at each step, so that the focus stays on the
  // button where a reader put it.
  function row(task, act) {
    const name = "task " + task.task;
    return make("tr", { "data-task": task.task },
      make("th", { scope: "row" }, String(task.task), " ", make("small", {}, "")),
      make("td", {}, ""), make("td", { class: "number" }, ""), make("td", {}, ""),
      make("td", { class: "acts" },
        make("button", { type: "button", "data-why": task.task, "data-key": "why " + task.task, "aria-label": "Why is " + name + " waiting?", onclick: () => act.why(task.task) }, "why?"),
        make("button", { type: "button", "data-next": task.task, "data-key": "next " + task.task, "aria-label": "Next run of " + name, onclick: () => act.next(task.task) }, "next run")));
  }

  function fill(one, state, event, task) {
    const scoped = state.scoped.has(task.task);
    const words = (scoped ? "on its scope’s list" : STATES[task.state] || task.state) + (task.cancel && !LoopFold.ENDED[task.state] ? ", asked to stop" : "");
    one.dataset.state = task.state;
    one.classList.toggle("now", event.task === task.task);
    one.cells[1].className = "state " + task.state;
    write(one.querySelector("small"), nameOf(state, task.task));
    write(one.cells[1], words);
    write(one.cells[2], String(task.polls));
    write(one.cells[3], waits(state, task));
  }

  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function waits(state, task) {
    if (task.waits.length) {
      const some = task.waits.slice(0, 3).map((wait) => say.on(state, wait));
      return some.join(", ") + (task.waits.length > 3 ? " and " + (task.waits.length - 3) + " more" : "");
    }
    if (state.mode === "park" && state.unwakeable.has(task.task)) return "⚑ nothing can wake it";
    return "";
  }

  // ---- where the loop is -----------------------------------------------------------

  const PHASES = [
    ["turn", "turn"], ["poll", "poll a task"], ["inbox", "drain the inbox"],
    ["timers", "fire timers"], ["park", "park"],
  ];

  function phaseOf(state, event) {
    if (state.calling !== null) return "poll"; // asyncio's callbacks run in the turn too
    if (event.k === "inbox.drain") return "inbox";
    if (event.k === "timer.fire" || (event.by && event.by.timer && state.mode !== "poll")) return "timers";
    if (event.k === "park.end" || state.mode === "park") return "park";
    if (state.mode === "poll" || event.k === "poll.end" || event.k.startsWith("call.")) return "poll";
    return state.mode === "turn" ? "turn" : "";
  }

  function phases(box, state, event) {
    const now = phaseOf(state, event);
    box.replaceChildren(...PHASES.map(([key, text]) =>
      make("li", { "aria-current": key === now ? "step" : null }, key === "turn" && state.turn ? "turn " + state.turn : text)));
  }

  return { make, keepFocus, sheet, queue, inbox, timers, poller, pool, printed, tasks, phases };
})();
