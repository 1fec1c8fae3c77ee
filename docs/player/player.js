// The page: which traces are open, which event is shown, and how one steps.
//
// Invariant: there is one place where the event changes, `go`; buttons, keys,
// links, clicks and play all come through it.
//
// Started by traces/list.js through load.js.
"use strict";

var LoopPlayer = (function () {
  const $ = (id) => document.getElementById(id);
  const FIRST = ["fetch_data", "fetch_data.python"];
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  const app = { panes: [], focused: null, mode: "watch", playing: null };

  // ---- going to an event -----------------------------------------------------

  // Shows event i of a pane, and the linked event of the other one. In a mode
  // that asks, `quietly` goes there without asking what comes next.
  app.go = function (pane, i, quietly) {
    app.focus(pane);
    pane.show(i);
    for (const other of app.panes) if (other !== pane) other.show(other.eventAt(pane.progress()));
    app.refresh();
    if (!quietly && app.game) app.game.arrive();
  };

  app.focus = function (pane) {
    if (app.focused === pane) return;
    app.focused = pane;
    for (const one of app.panes) {
      const now = one === pane;
      one.root.classList.toggle("focused", now && app.panes.length > 1);
      // Only the trace that is stepped speaks to a screen reader.
      one.part("status").setAttribute("role", now ? "status" : "note");
      one.part("status").removeAttribute("aria-live");
    }
    app.listTasks();
    app.refresh();
    if (app.game) app.game.arrive();
  };

  const steps = {
    "first": () => 0,
    "last": (h) => h.last,
    "event": (h, i) => i + 1,
    "event-back": (h, i) => i - 1,
    "poll": (h, i) => h.next(h.polls, i),
    "poll-back": (h, i) => h.previous(h.polls, i),
    "turn": (h, i) => h.next(h.turns, i),
    "turn-back": (h, i) => h.previous(h.turns, i),
  };

  app.step = function (kind) {
    const pane = app.focused;
    if (!pane) return;
    let target = Math.max(0, Math.min(pane.history.last, steps[kind](pane.history, pane.i)));
    if (app.mode === "predict" && target > pane.i) target = app.game.stopBefore(pane, target);
    app.go(pane, target);
  };

  app.refresh = function () {
    const pane = app.focused;
    const bar = $("bar");
    bar.max = pane.history.last;
    bar.value = pane.i;
    bar.setAttribute("aria-valuetext", "event " + pane.i + " of " + pane.history.last);
    const at = { back: pane.i === 0, on: pane.i === pane.history.last };
    for (const button of document.querySelectorAll("[data-go]")) {
      const back = /first|back/.test(button.dataset.go);
      button.setAttribute("aria-disabled", String(back ? at.back : at.on));
    }
    if (at.on) app.stop();
    app.link();
  };

  // The address bar follows, a little later: a browser refuses hundreds of
  // changes a second.
  app.link = function () {
    clearTimeout(app.linking);
    app.linking = setTimeout(() => {
      const beside = app.panes.find((pane) => pane !== app.focused);
      app.hash = "#" + app.focused.name + "." + app.focused.i + (beside ? "&" + beside.name : "");
      history.replaceState(null, "", app.hash);
    }, 250);
  };

  // ---- tasks, messages ---------------------------------------------------------

  app.listTasks = function () {
    const tasks = Array.from(app.focused.history.end.tasks.values()).slice(0, 200);
    $("task").replaceChildren(...tasks.map((task) => option(task.task, LoopSentence.task(app.focused.history.end, task.task))));
    if (tasks.length) app.chooseTask(app.focused, app.focused.chosen || tasks[0].task);
  };

  app.chooseTask = function (pane, task) {
    pane.chosen = task;
    if (pane !== app.focused) return;
    const select = $("task");
    if (!Array.from(select.options).some((one) => one.value === String(task))) select.append(option(task, "task " + task));
    select.value = task;
  };

  // Says what went wrong, until something else is opened.
  app.tell = function (text) {
    const box = $("message");
    clearTimeout(app.telling);
    box.textContent = text;
    box.hidden = !text;
  };

  // Says something in passing.
  app.note = function (text) {
    app.tell(text);
    app.telling = setTimeout(() => app.tell(""), 8000);
  };

  function option(value, text) {
    const one = document.createElement("option");
    one.value = value;
    one.textContent = text;
    return one;
  }

  function traceOption(name) {
    const shows = LoopLoad.shows.get(name);
    return option(name, shows ? name + ": " + shows : name);
  }

  // ---- playing -------------------------------------------------------------------

  app.play = function () {
    if (app.playing) return app.stop();
    if (calm.matches) return app.note("Play is off, because your system asks for reduced motion. Step with the arrow keys.");
    if (app.focused.i === app.focused.history.last) app.go(app.focused, 0);
    $("play").textContent = "Pause";
    app.speak(false);
    const tick = () => {
      app.playing = setTimeout(tick, Number($("speed").value));
      const before = app.focused.i;
      app.step("event");
      if (app.focused.i === before) app.stop();
    };
    app.playing = setTimeout(tick, 0);
  };

  app.stop = function () {
    clearTimeout(app.playing);
    app.playing = null;
    $("play").textContent = "Play";
    app.speak(true);
  };

  // A screen reader cannot follow while the trace plays: it hears the sentence
  // where the play stops.
  app.speak = function (on) {
    const status = app.focused && app.focused.part("status");
    if (!status || on !== status.hasAttribute("aria-live")) return;
    if (!on) return status.setAttribute("aria-live", "off");
    status.removeAttribute("aria-live");
    setTimeout(() => { status.textContent = status.textContent; }); // a change, so it is said
  };

  // ---- modes ---------------------------------------------------------------------

  app.setMode = function (mode) {
    if (app.game) app.game.stop();
    app.stop();
    app.mode = mode;
    app.game = mode === "watch" ? null : app.games[mode];
    for (const button of document.querySelectorAll("[data-mode]")) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    }
    if (app.game) app.game.start();
  };

  // ---- opening traces ------------------------------------------------------------

  app.open = async function (left, right, i) {
    try {
      const names = right && right !== left ? [left, right] : [left];
      const traces = await Promise.all(names.map((name) => LoopLoad.get(name)));
      const panes = names.map((name, n) => new LoopPane.Pane(name, traces[n], app));
      app.stop();
      $("panes").replaceChildren(...panes.map((pane) => pane.root));
      $("panes").classList.toggle("two", panes.length === 2);
      app.panes = panes;
      app.focused = null;
      app.tell("");
      document.title = traces[0].program + " · Loop player";
      app.fill(left, names[1] || "");
      app.go(panes[0], i || 0);
    } catch (error) {
      if (!app.panes.length && left !== FIRST[0]) await app.open(...FIRST, 0);
      else if (app.panes.length) app.fill(app.panes[0].name, app.panes[1] ? app.panes[1].name : "");
      app.tell(error.message);
    }
  };

  app.fill = function (left, right) {
    const all = LoopLoad.names;
    $("left").replaceChildren(...all.map(traceOption));
    $("right").replaceChildren(option("", "nothing"), ...all.map(traceOption));
    $("left").value = left;
    $("right").value = right;
  };

  app.take = async function (file) {
    try {
      app.tell("Reading " + file.name + "…");
      const name = await LoopLoad.file(file);
      await app.open(name, "", 0);
    } catch (error) {
      app.tell(file.name + ": " + error.message);
    }
  };

  // "#trace.event" or "#trace.event&trace": what a link asks for.
  function asked() {
    const [first, right] = location.hash.slice(1).split("&").map(plain);
    const match = /^(.+?)(?:\.(\d+))?$/.exec(first || "");
    return match ? { left: match[1], i: Number(match[2] || 0), right: right || "" } : null;
  }

  function plain(text) {
    try {
      return decodeURIComponent(text);
    } catch (error) {
      return text; // a stray “%”: there is no such trace, and that is said
    }
  }

  app.follow = function () {
    if (location.hash === app.hash) return;
    const link = asked();
    if (link) app.open(link.left, link.right, link.i);
  };

  // ---- the page's controls ---------------------------------------------------------

  const KEYS = {
    "ArrowRight": "event", "ArrowLeft": "event-back", "ArrowDown": "turn", "ArrowUp": "turn-back",
    "Home": "first", "End": "last", "Shift+ArrowRight": "poll", "Shift+ArrowLeft": "poll-back",
  };

  function key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const typed = event.target.closest("select, input, textarea");
    if (typed && !(typed.id === "bar" && event.shiftKey)) return;
    const scrolls = event.target.closest(".lines, .printed, .scroll");
    if (scrolls && /Down|Up|Home|End/.test(event.key)) return;
    if (event.key === " " && !event.target.closest("button, summary")) {
      event.preventDefault();
      return app.play();
    }
    const kind = KEYS[(event.shiftKey ? "Shift+" : "") + event.key];
    if (!kind) return;
    event.preventDefault();
    app.step(kind);
  }

  function drops() {
    const over = (on) => (event) => {
      event.preventDefault();
      $("drop").hidden = !on;
    };
    addEventListener("dragover", over(true));
    addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop").hidden = true; });
    addEventListener("drop", (event) => {
      over(false)(event);
      if (event.dataTransfer.files.length) app.take(event.dataTransfer.files[0]);
    });
  }

  function controls() {
    for (const button of document.querySelectorAll("[data-go]")) button.addEventListener("click", () => app.step(button.dataset.go));
    for (const button of document.querySelectorAll("[data-mode]")) button.addEventListener("click", () => app.setMode(button.dataset.mode));
    $("bar").addEventListener("input", () => app.go(app.focused, Number($("bar").value)));
    $("play").addEventListener("click", app.play);
    $("task").addEventListener("change", () => app.chooseTask(app.focused, Number($("task").value)));
    $("next-run").addEventListener("click", () => app.focused.nextRun(Number($("task").value)));
    for (const id of ["left", "right"]) $(id).addEventListener("change", () => app.open($("left").value, $("right").value, 0));
    $("file").addEventListener("change", () => { if ($("file").files.length) app.take($("file").files[0]); });
    addEventListener("keydown", key);
    addEventListener("hashchange", app.follow);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => app.panes.forEach((pane) => pane.lanes.later()));
    document.addEventListener("toggle", () => app.panes.forEach((pane) => pane.listEvents()), true);
    calm.addEventListener("change", app.stop);
    drops();
  }

  app.start = function () {
    app.games = { predict: new LoopQuiz.Quiz($("quiz"), app), drive: new LoopDrive.Drive($("quiz"), app) };
    controls();
    const link = asked();
    if (link) return app.open(link.left, link.right, link.i);
    const first = FIRST.filter((name) => LoopLoad.names.includes(name));
    return app.open(first[0] || LoopLoad.names[0], first[1] || "", 0);
  };

  return app;
})();
