// The fold and what stands on it, in Node: no browser, no package.
"use strict";

const test = require("node:test");
const assert = require("node:assert");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { spawnSync } = require("child_process");

const HOME = path.join(__dirname, "..");
const fold = require("../fold.js");
const { History } = require("../history.js");
const sentence = require("../sentence.js");
const lanes = require("../lanes.js");
globalThis.LoopFold = fold;
globalThis.LoopSentence = sentence;
const quiz = require("../quiz.js");
const drive = require("../drive.js");
const { placeOf } = require("../code.js");
const { made, broken } = require("./make.js");

const PRINTED = [
  "Fetching from API 1...", "Fetching from API 2...", "Fetching from API 3...",
  "Data from API 1", "Data from API 2", "Data from API 3",
];

function read(file) {
  const text = fs.readFileSync(file, "utf8");
  return JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
}

function committed() {
  const folder = path.join(HOME, "traces");
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(".js") && name !== "list.js");
  return names.map((name) => ({ name: name.slice(0, -3), trace: read(path.join(folder, name)) }));
}

// What generate.js made: `var LOOP_SOURCE = {..};`.
const source = read(path.join(HOME, "source.js"));

const all = committed().concat([{ name: "made", trace: made(9, 3000) }]);

for (const { name, trace } of all) {
  test(name + ": a state read back is the state that was folded", () => {
    const history = new History(trace);
    const state = fold.start(trace);
    const dumps = trace.events.map((event) => JSON.stringify(fold.dump(fold.apply(state, event))));
    for (let i = 0; i <= history.last; i++) assert.strictEqual(JSON.stringify(fold.dump(history.at(i))), dumps[i]);
    for (let i = history.last; i >= 0; i--) assert.strictEqual(JSON.stringify(fold.dump(history.at(i))), dumps[i]);
    for (let n = 0; n < 500; n++) {
      const i = (n * 7919) % (history.last + 1);
      assert.strictEqual(JSON.stringify(fold.dump(history.at(i))), dumps[i]);
    }
  });

  test(name + ": the loop broke no rule", () => {
    // A task that nothing can wake is a fault of the program, not of the loop.
    const flags = new History(trace).flags.filter((flag) => flag.rule !== "live-waker");
    assert.deepStrictEqual(flags, []);
  });

  test(name + ": every event has a sentence of its own kind", () => {
    const history = new History(trace);
    for (const event of trace.events) {
      const text = sentence.say(event, history.at(event.i));
      assert.match(text, /^[A-Z0-9“].*[.”]$/);
      assert.doesNotMatch(text, /undefined|null|NaN|does not know/);
    }
  });

  test(name + ": every event has its line in the loop's source", () => {
    const { places, parts } = source[trace.lang];
    const history = new History(trace);
    const main = (trace.events.find((event) => event.k === "task.spawn") || {}).task;
    for (const event of trace.events) {
      const place = placeOf(event, history.at(event.i), main);
      assert.ok(places[place], event.k + " at " + event.i + ": no line for " + place);
    }
    for (const [part, line] of Object.values(places)) {
      assert.ok(line >= parts[part].first && line < parts[part].first + parts[part].lines.length);
    }
  });

  test(name + ": the stretches of each lane are in order", () => {
    for (const lane of lanes.build(trace).lanes) {
      let end = -1;
      for (const one of lane.stretches) {
        assert.ok(one.from >= end && one.to > one.from, lane.label);
        end = one.to;
      }
    }
  });

  test(name + ": each question has one right answer", () => {
    const history = new History(trace);
    let asked = 0;
    for (let n = 1; n <= history.last; n++) {
      for (const question of quiz.questions(trace.events, n, history.at(n - 1))) {
        assert.strictEqual(question.choices.filter((choice) => choice.right).length, 1, question.text + " at " + n);
        assert.ok(question.choices.length > 1);
        asked += 1;
      }
    }
    assert.ok(asked > 0);
  });

  test(name + ": what the loop did is always among the choices, and is allowed", () => {
    const history = new History(trace);
    for (let n = 1; n <= history.last; n++) {
      const real = trace.events[n];
      if (!drive.isDecision(history, n)) continue;
      const verdicts = drive.choices(history.at(n - 1), real).map((choice) => drive.judge(history.at(n - 1), choice.event, real));
      assert.strictEqual(verdicts.filter((verdict) => verdict.same).length, 1, real.k + " at " + n);
    }
  });
}

test("fetch_data prints the same lines in each language", () => {
  const twins = committed().filter(({ name }) => /^fetch_data(\.|$)/.test(name));
  assert.ok(twins.length > 0);
  for (const { trace } of twins) {
    const history = new History(trace);
    assert.deepStrictEqual(fold.dump(history.at(history.last)).printed, PRINTED);
  }
});

test("the states that the Rust fold wrote are the states of this fold", (context) => {
  const folder = path.join(HOME, "traces");
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(".states.jsonl"));
  if (!names.length) return context.skip("no .states.jsonl beside the traces");
  for (const name of names) {
    const trace = read(path.join(folder, name.replace(".states.jsonl", ".json")));
    const states = fs.readFileSync(path.join(folder, name), "utf8").trim().split("\n").map((line) => JSON.parse(line));
    const history = new History(trace);
    assert.strictEqual(states.length, trace.events.length, name);
    states.forEach((state, i) => assert.deepStrictEqual(fold.dump(history.at(i)), state, name + ", event " + i));
  }
});

for (const { rule, trace } of broken()) {
  test("a trace that breaks " + rule + " raises its flag", () => {
    const flags = new History(trace).flags;
    assert.ok(flags.some((flag) => flag.rule === rule), JSON.stringify(flags));
  });
}

test("the made trace of which the broken ones are copies is sound", () => {
  assert.deepStrictEqual(new History(made(3, 60)).flags, []);
});

test("a file that is not a trace is refused with a reason", () => {
  assert.throws(() => new History({}), /not a loop-trace\/1 file/);
  assert.throws(() => new History({ schema: "loop-trace/1", events: [] }), /no events/);
  assert.throws(() => new History({ schema: "loop-trace/1", events: [{ i: 1, t: 0, k: "turn" }] }), /Event 0 has the number 1/);
});

test("a wait is explained from the task to what will end it", () => {
  const { trace } = committed().find(({ name }) => name === "fetch_data.python");
  const parked = trace.events.find((event) => event.k === "park.start");
  const lines = sentence.why(new History(trace).at(parked.i), 1);
  assert.match(lines[0], /^Task 1 \(main\) waits for task 2 \(fetch_data\)/);
  assert.match(lines[1], /^Task 2 \(fetch_data\) waits for timer 1, due at 2 s \(in 2 s\)/);
});

test("polling a task that was not woken is judged to be against the rules", () => {
  const trace = made(3, 60);
  const history = new History(trace);
  const first = trace.events.find((event) => event.k === "poll.start");
  const verdict = drive.judge(history.at(first.i - 1), { k: "poll.start", task: 3 }, first);
  assert.deepStrictEqual(verdict.broken.map((flag) => flag.rule), ["queue-order"]);
});

test("a hundred thousand events open and step, and how long that took", (context) => {
  const trace = made(200, 100000);
  const begin = performance.now();
  const history = new History(trace);
  const opened = performance.now();
  for (let i = history.last; i > history.last - 500; i--) history.at(i);
  const stepped = performance.now();
  assert.deepStrictEqual(history.flags, []);
  context.diagnostic(trace.events.length + " events: opened in " + Math.round(opened - begin) + " ms, a step back takes " +
    ((stepped - opened) / 500).toFixed(3) + " ms");
});

// ---- what is made from other files is up to date --------------------------------------

test("source.js, the list of traces and the page without script are up to date", () => {
  const result = spawnSync(process.execPath, [path.join(HOME, "generate.js"), "--check"], { encoding: "utf8" });
  assert.strictEqual(result.status, 0, result.stderr);
});

const python = spawnSync("python3", ["-c", "import sys; print(sys.version_info[:2] >= (3, 9))"], { encoding: "utf8" });
const noPython = python.stdout && python.stdout.trim() === "True" ? false : "no python3 from 3.9 on";

function record(name, extra) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "record-"));
  const out = path.join(folder, name);
  const result = spawnSync("python3", [path.join(HOME, "record.py")].concat(extra, [out, path.join(HOME, "fetch_data.py")]), { encoding: "utf8" });
  assert.strictEqual(result.status, 0, result.stderr);
  const text = fs.readFileSync(out, "utf8");
  fs.rmSync(folder, { recursive: true });
  return { text, printed: result.stdout };
}

// The version of the interpreter may differ; the script's path too.
const withoutVersion = (text) => text.replace(/"version":\s*"[^"]*"/, '"version":""');

for (const name of ["fetch_data.python.json", "fetch_data.python.js"]) {
  test("recording again gives " + name, { skip: noPython }, () => {
    const again = record(name, ["--virtual"]);
    const kept = path.join(HOME, "traces", name);
    if (process.env.BLESS) fs.writeFileSync(kept, again.text);
    assert.strictEqual(withoutVersion(again.text), withoutVersion(fs.readFileSync(kept, "utf8")));
    assert.deepStrictEqual(again.printed.trim().split(/\r?\n/), PRINTED);
  });
}

test("the real clock gives the same kinds in the same order", { skip: noPython }, () => {
  // Without parks: a machine that stalls may find the deadline past already.
  const kinds = (text) => JSON.parse(text).events.filter((event) => !event.k.startsWith("park."))
    .map((event) => event.k + " " + (event.task || ""));
  const program = "import asyncio\nasync def one(n):\n  await asyncio.sleep(n / 50)\n  print(n)\nasync def main():\n  await asyncio.gather(one(1), one(0))\nasyncio.run(main())\n";
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "record-"));
  fs.writeFileSync(path.join(folder, "two.py"), program);
  const texts = [["--virtual"], []].map((extra, n) => {
    const out = path.join(folder, n + ".json");
    const result = spawnSync("python3", [path.join(HOME, "record.py")].concat(extra, [out, path.join(folder, "two.py")]), { encoding: "utf8" });
    assert.strictEqual(result.status, 0, result.stderr);
    return fs.readFileSync(out, "utf8");
  });
  fs.rmSync(folder, { recursive: true });
  assert.deepStrictEqual(kinds(texts[0]), kinds(texts[1]));
});

test("times are rounded to the nearest text, as the drawings in Rust round them", () => {
  const file = path.join(HOME, "../../executor/loop-trace/tests/data/durations.txt");
  for (const line of fs.readFileSync(file, "utf8").split("\n").filter((line) => line && !line.startsWith("#"))) {
    const [, ns, digits, text] = /^(\d+) (\d) (.*)$/.exec(line);
    assert.strictEqual(sentence.rounded(BigInt(ns), Number(digits)), text, line);
  }
});
