// The text of the programs whose recordings stand beside the page, and which
// of its lines an event comes from.
//
// Invariant: a line is named only if the program's text leaves no choice: one
// `println!` that fits what was printed, one `sleep`, one `gather`. Otherwise
// no line is marked.
//
// Called by generate.js, in Node.
"use strict";

const fs = require("fs");
const path = require("path");

const ROOT = path.join(__dirname, "..", "..");
const TABLE = "docs/src/programs.rs"; // names, purposes and most of the programs
const REAL_TIME = "docs/src/real_time.rs"; // those that wait for threads and sockets

const STEPS = "docs/tests/traces.rs"; // the steps of Part II that have recordings

const read = (file) => fs.readFileSync(path.join(ROOT, file), "utf8");

// What docs/src/programs.rs says of a program: what it shows, and its function.
function entry(name) {
  const text = read(TABLE);
  const found = new RegExp('program\\(\\s*"' + name + '",\\s*"([^"]+)",\\s*\\|runner\\|[^;]*?run\\(([\\w:]+)\\(\\)\\)').exec(text);
  if (!found) return entryInRealTime(name);
  const [module, fn] = found[2].includes("::") ? found[2].split("::") : [null, found[2]];
  return { shows: found[1], file: module ? "docs/examples/" + module + ".rs" : TABLE, fn };
}

// The same for a program that is a function of its name; the comment above it
// says what it shows.
function entryInRealTime(name) {
  const found = functions(REAL_TIME).find((fn) => fn.name === name);
  if (!found) return entryInSteps(name);
  const says = found.lines[0].replace(/^\/\/\/ /, "").replace(/\.$/, "");
  return { shows: says[0].toLowerCase() + says.slice(1), file: REAL_TIME, fn: name };
}

// The same for a step of Part II.
function entryInSteps(name) {
  const found = new RegExp('step: "(\\w+)",\\s*name: "' + name + '",\\s*shows: "([^"]+)"').exec(read(STEPS));
  return found && { shows: found[2], file: "docs/mini/" + found[1] + "/main.rs", fn: "main" };
}

// All functions of a file, with the comments above them.
function functions(file) {
  const lines = read(file).split("\n");
  const all = [];
  lines.forEach((line, n) => {
    const found = /^(?:pub )?(?:async )?fn (\w+)/.exec(line);
    if (!found) return;
    let first = n;
    while (first > 0 && /^\s*\/\/\//.test(lines[first - 1])) first -= 1;
    const last = lines.findIndex((one, m) => m > n && one === "}");
    all.push({ name: found[1], first: first + 1, lines: lines.slice(first, last + 1) });
  });
  return all;
}

// A function and those of the file that it calls, in the file's order.
function closure(all, name) {
  const wanted = new Set([name]);
  for (const one of wanted) {
    const body = all.find((fn) => fn.name === one).lines.join("\n");
    for (const fn of all) if (new RegExp("\\b" + fn.name + "\\(").test(body)) wanted.add(fn.name);
  }
  return all.filter((fn) => wanted.has(fn.name));
}

// ---- which line an event comes from ------------------------------------------------

// The numbers of the lines for which `test` holds.
function linesWith(parts, test) {
  return parts.flatMap((part) => part.lines.flatMap((line, n) => (test(line) ? [part.first + n] : [])));
}

const only = (numbers) => (numbers.length === 1 ? numbers[0] : null);

// Can this line print the text? "{…}" stands for anything. `exact` asks for
// words of its own, so that "{result}" is not taken for every line.
function prints(line, text, exact) {
  const found = /println!\("((?:[^"\\]|\\.)*)"/.exec(line);
  if (!found) return false;
  const fixed = found[1].split(/\{[^}]*\}/).map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp("^" + fixed.join("[^]+") + "$").test(text) && (!exact || fixed.some((one) => one.trim()));
}

function lineOf(event, parts, file) {
  const at = event.at && event.at.replace("docs/src/../", "docs/").split(":");
  if (at && at[0] === file) {
    const number = Number(at[1]);
    return parts.some((part) => number >= part.first && number < part.first + part.lines.length) ? number : null;
  }
  switch (event.k) {
    case "print": return printed(event, parts);
    case "timer.add": return only(linesWith(parts, (line) => /\b(sleep|timeout)\(/.test(line)));
    case "await": return event.on.timer ? only(linesWith(parts, (line) => /\b(sleep|timeout)\(/.test(line))) : null;
    case "child.poll": case "child.done": return only(linesWith(parts, (line) => /\bgather\(/.test(line)));
    default: return null;
  }
}

function printed(event, parts) {
  const exact = linesWith(parts, (line) => prints(line, event.text, true));
  return only(exact.length ? exact : linesWith(parts, (line) => prints(line, event.text, false)));
}

// The program of a trace for source.js: its parts, and event -> line.
function program(name, trace) {
  if (trace.lang !== "rust") return null;
  const found = entry(name);
  if (!found) throw new Error(TABLE + " and " + REAL_TIME + ' have no program with the name "' + name + '". Mend entry in docs/player/programs.js.');
  const parts = closure(functions(found.file), found.fn);
  const lines = {};
  for (const event of trace.events) {
    const line = lineOf(event, parts, found.file);
    if (line) lines[event.i] = line;
  }
  return {
    parts: parts.map((part) => ({ title: found.file + " · " + part.name, first: part.first, lines: part.lines })),
    lines,
  };
}

// What a trace shows, in a few words.
function shows(name) {
  if (name === "fetch_data.python") return "the same program on asyncio";
  const found = entry(name);
  return found ? found.shows : "";
}

module.exports = { program, shows };
