// Makes what the player's page shows and no person types: source.js from the
// loop's own files, traces/list.js from the traces that are there, and the
// picture and the list of events for readers without script in index.html.
//
//     node docs/player/generate.js           writes them
//     node docs/player/generate.js --check   says which are not up to date
//
// Invariant: what it writes depends on files of the repository alone.
"use strict";

const fs = require("fs");
const path = require("path");
const { History } = require("./history.js");
const sentence = require("./sentence.js");
const picture = require("./picture.js");
const { program, shows } = require("./programs.js");

const HERE = __dirname;
const ROOT = path.join(HERE, "..", "..");

// The functions that are the loop, in the order of reading.
const PARTS = [
  ["executor/src/event_loop/run.rs", ["turn_until_done", "poll_task", "poll_once", "end_poll"]],
  ["executor/src/event_loop/look.rs", ["look_around", "drain_inbox", "handle_messages", "fire_due_timers", "wait_for_something"]],
];

// Where an event happens: the function, and a text that its line contains.
const PLACES = {
  "turn": ["turn_until_done", "start_turn("],
  "poll.start": ["poll_once", ".poll_start("],
  "inside": ["poll_task", "work.as_mut().poll("],
  "inside.main": ["poll_task", "poll_main(cx)"],
  "poll.end": ["end_poll", ".poll_end("],
  "task.done": ["poll_task", "runtime.finish("],
  "task.cancelled": ["poll_task", "Polled::Cancelled(Some("],
  "task.panicked": ["poll_task", "Polled::Panicked(Some("],
  "main.done": ["turn_until_done", "return Ok(())"],
  "main.stalled": ["turn_until_done", "wait_for_something("],
  "main.panicked": ["poll_task", "Polled::Panicked(None"],
  "inbox.drain": ["handle_messages", ".inbox_drained("],
  "inbox.wake": ["handle_messages", "Message::Wake("],
  "inbox.job": ["handle_messages", "Message::JobDone("],
  "timer.fire": ["fire_due_timers", ".timer_fire("],
  "timer.wake": ["fire_due_timers", "wake_waiter("],
  "park.start": ["wait_for_something", ".park_start("],
  "park.wait": ["wait_for_something", "match deadline {"],
  "park.end": ["wait_for_something", ".park_end("],
  "io.event": ["turn_until_done", "look_at_sources("],
};

// asyncio's loop in our own words: its source is not ours to copy.
const ASYNCIO = {
  title: "asyncio’s loop, retold in our own words",
  lines: [
    ["", "while not stopping:"],
    ["", "    # how long may we sleep?"],
    ["", "    timeout = 0 if ready else first_deadline - now"],
    ["park.start", "    sockets = selector.select(timeout)"],
    ["park.end", ""],
    ["io.event", "    for socket in sockets:"],
    ["", "        ready.append(socket.callback)"],
    ["timer.fire", "    for timer in timers_due(now):"],
    ["timer.wake", "        ready.append(timer.callback)"],
    ["", ""],
    ["turn", "    for callback in ready_as_it_is_now:"],
    ["poll.start", "        if callback is a step of a task:"],
    ["inside", "            coroutine.send(None)  # to its next wait"],
    ["poll.end", "            # it waits, or has returned"],
    ["call.start", "        else: callback()  # may wake a task"],
    ["call.end", ""],
    ["main.done", "# the main task has returned: stop"],
  ],
};

// ---- source.js ------------------------------------------------------------------

// A free function, or a method, whose indent is taken off.
function functionOf(file, name) {
  const lines = fs.readFileSync(path.join(ROOT, file), "utf8").split("\n");
  const begin = lines.findIndex((line) => new RegExp("^ *(pub(\\([a-z]+\\))? )?fn " + name + "\\b").test(line));
  if (begin < 0) throw new Error(file + ": there is no fn " + name + ". Update PARTS in docs/player/generate.js.");
  const indent = /^ */.exec(lines[begin])[0];
  const end = lines.findIndex((line, n) => n > begin && line === indent + "}");
  const shown = lines.slice(begin, end + 1).map((line) => line.slice(indent.length));
  return { title: file + " · " + name, first: begin + 1, lines: shown, name };
}

function rustSource() {
  const parts = PARTS.flatMap(([file, names]) => names.map((name) => functionOf(file, name)));
  const places = {};
  for (const [place, [name, text]] of Object.entries(PLACES)) {
    const part = parts.findIndex((one) => one.name === name);
    const line = parts[part].lines.findIndex((one) => one.includes(text));
    if (line < 0) throw new Error('fn ' + name + ' has no line with "' + text + '". Update PLACES in docs/player/generate.js.');
    places[place] = [part, parts[part].first + line];
  }
  return { parts: parts.map(({ title, first, lines }) => ({ title, first, lines })), places };
}

function pythonSource() {
  const lines = [], places = {};
  for (const [place, text] of ASYNCIO.lines) {
    if (text || !place) lines.push(text);
    if (place) places[place] = [0, lines.length];
  }
  places["inside.main"] = places["inside"];
  places["main.stalled"] = places["main.panicked"] = places["main.done"];
  places["task.done"] = places["task.cancelled"] = places["task.panicked"] = places["poll.end"];
  places["inbox.drain"] = places["inbox.wake"] = places["inbox.job"] = places["park.wait"] = places["io.event"];
  return { parts: [{ title: ASYNCIO.title, first: 1, lines }], places };
}

function sourceFile() {
  const twin = fs.readFileSync(path.join(HERE, "fetch_data.py"), "utf8").trimEnd().split("\n");
  const begin = twin.findIndex((line) => /^\w+ = /.test(line)); // behind the imports
  const programs = { "fetch_data.py": { parts: [{ title: "docs/player/fetch_data.py", first: begin + 1, lines: twin.slice(begin) }] } };
  for (const name of traceNames()) {
    const found = program(name, readTrace(name));
    if (found) programs[name] = found;
  }
  const source = { rust: rustSource(), python: pythonSource(), programs };
  return "// Made by generate.js from the files that it names. Do not edit.\n" +
    "var LOOP_SOURCE = " + JSON.stringify(source, null, 1) + ";\n";
}

// ---- the list of traces, and the page without script ------------------------------

function traceNames() {
  const names = fs.readdirSync(path.join(HERE, "traces")).filter((name) => name.endsWith(".js") && name !== "list.js");
  return names.map((name) => name.slice(0, -3)).sort();
}

function listFile() {
  const all = traceNames().map((name) => JSON.stringify({ name, shows: shows(name) }));
  return "// Made by generate.js. Do not edit.\nloopTraces([\n" + all.join(",\n") + "\n]);\n";
}

function readTrace(name) {
  const text = fs.readFileSync(path.join(HERE, "traces", name + ".js"), "utf8");
  return JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
}

function firstTrace() {
  return readTrace(traceNames().includes("fetch_data") ? "fetch_data" : "fetch_data.python");
}

function escape(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function fallback() {
  const trace = firstTrace();
  const history = new History(trace);
  const items = trace.events.map((event) =>
    '<li value="' + event.i + '">' + escape(sentence.say(event, history.at(event.i))) + "</li>");
  return picture.svg(trace) + "\n<details open>\n<summary>The " + trace.events.length + " events of this run</summary>\n<ol>\n" +
    items.join("\n") + "\n</ol>\n</details>";
}

function page() {
  const file = fs.readFileSync(path.join(HERE, "index.html"), "utf8");
  const begin = "<!-- made by generate.js: begin -->", end = "<!-- made by generate.js: end -->";
  const from = file.indexOf(begin), to = file.indexOf(end);
  if (from < 0 || to < 0) throw new Error("index.html has lost the marks between which generate.js writes.");
  return file.slice(0, from + begin.length) + "\n" + fallback() + "\n" + file.slice(to);
}

// ---- the command --------------------------------------------------------------------

function main() {
  const made = { "source.js": sourceFile, "traces/list.js": listFile, "index.html": page };
  const check = process.argv.includes("--check");
  const stale = [];
  for (const [name, make] of Object.entries(made)) {
    const place = path.join(HERE, name);
    const text = make();
    if (fs.existsSync(place) && fs.readFileSync(place, "utf8") === text) continue;
    stale.push(name);
    if (!check) fs.writeFileSync(place, text);
  }
  if (check && stale.length) {
    console.error("not up to date: " + stale.join(", ") + ". Run: node docs/player/generate.js");
    process.exit(1);
  }
}

main();
