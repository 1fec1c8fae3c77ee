// What the player says to a file that it cannot show, in Node.
//
// Invariant: every file is either read whole, or refused with a sentence that
// says what is wrong with it and, where there is a way on, which.
"use strict";

const test = require("node:test");
const assert = require("node:assert");
const load = require("../load.js");
const { History } = require("../history.js");
const { made } = require("./make.js");

const text = (trace) => JSON.stringify(trace);
const file = (content, name) => Object.assign(new Blob([content]), { name });
const good = () => made(2, 40);
const event = (changes) => {
  const trace = good();
  trace.events[3] = Object.assign({}, trace.events[3], changes);
  return text(trace);
};

// The content of a file, and what must stand in the refusal.
const REFUSED = {
  "an empty file": ["", /This file is empty/],
  "spaces": [" \n \n", /This file is empty/],
  "a picture": [new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x7b, 0x7d]), /is not text, so it is not a trace/],
  "prose": ["once upon a time", /is not JSON, so it is not a trace/],
  "a list": ["[1, 2, 3]", /is not JSON, so it is not a trace/],
  "half a trace": [text(good()).slice(0, 700), /ends in the middle.*still writes it/],
  "a trace that ends behind an event": [text(good()).split("},{").slice(0, 9).join("},{") + "}", /This file is not JSON|ends in the middle/],
  "another JSON file": ['{"a": 1}', /does not say "schema": "loop-trace\/1"/],
  "a trace of the future": [text(Object.assign(good(), { schema: "loop-trace/2" })), /in the form loop-trace\/2, and this player reads loop-trace\/1/],
  "a file for Perfetto": ['{"traceEvents": [{"ph": "X"}]}', /for Perfetto.*EXECUTOR_TRACE=file\.json/],
  "a trace without events": [text(Object.assign(good(), { events: [] })), /has no events/],
  "events that are no list": [text(Object.assign(good(), { events: { a: 1 } })), /has no events/],
  "an event that is missing": [text(Object.assign(good(), { events: good().events.filter((one) => one.i !== 5) })), /Event 5 has the number 6: events are missing/],
  "an event that is null": [text(Object.assign(good(), { events: [null] })), /Event 0 is not an object/],
  "an event without a kind": [event({ k: undefined }), /Event 3 does not say its kind/],
  "an event without a time": [event({ t: "now" }), /Event 3 does not say its time/],
  "a wait for nothing": [event({ k: "await", task: 1 }), /Event 3 does not say what is waited for/],
  "a cause that is a number": [event({ k: "wake", task: 1, by: 5 }), /Event 3 has a member “by” that is neither/],
  "a line number for a place": [event({ at: 5 }), /Event 3 has a member “at” that is not a text/],
  "an order without tasks": [event({ k: "turn.order" }), /Event 3 \(turn\.order\) lacks a member that its kind needs/],
};

for (const [what, [content, wanted]] of Object.entries(REFUSED)) {
  test(what + " is refused with a reason", async () => {
    await assert.rejects(async () => {
      const name = await load.file(file(content, "some.json"));
      new History(load.traces.get(name));
    }, wanted);
  });
}

test("a file that no browser could hold is refused before it is read", async () => {
  const huge = { name: "huge.json", size: 900e6, text: () => assert.fail("it was read") };
  await assert.rejects(load.file(huge), /has 900 MB, and the player reads up to 300/);
});

test("a file of the reader's does not take the place of a trace beside the page", async () => {
  load.shows.set("fetch_data", "three waits");
  assert.strictEqual(await load.file(file(text(good()), "fetch_data.trace.json")), "your-fetch_data");
  assert.strictEqual(await load.file(file(text(good()), "my run (2).json")), "my-run-2-");
  assert.ok(load.isFile("your-fetch_data") && !load.isFile("fetch_data"));
});

test("unknown kinds and members are passed over", async () => {
  const name = await load.file(file(event({ k: "of.the.future", more: { a: [1] } }), "new.json"));
  assert.strictEqual(new History(load.traces.get(name)).last, good().events.length - 1);
});
