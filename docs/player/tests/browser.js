// The page in a real browser, opened from disk: what it shows is the fold.
//
//     node docs/player/tests/browser.js [FOLDER FOR PICTURES]
//
// Invariant: no check depends on how fast the machine is. Times are printed,
// never judged.
//
// Called by run.sh.
"use strict";

const assert = require("node:assert");
const fs = require("fs");
const os = require("os");
const path = require("path");
const { pathToFileURL } = require("url");
const { Browser, find } = require("./chromium.js");
const { made, broken } = require("./make.js");
const access = require("./access.js");
const fold = require("../fold.js");
const sentence = require("../sentence.js");

const HOME = path.join(__dirname, "..");
const PAGE = pathToFileURL(path.join(HOME, "index.html")).href;
const PICTURES = process.argv[2] || path.join(HOME, "..", "..", "target", "player");

const checks = [];
const check = (name, run) => checks.push({ name, run });

function committed(name) {
  const text = fs.readFileSync(path.join(HOME, "traces", name + ".js"), "utf8");
  return JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
}

const NAMES = fs.readdirSync(path.join(HOME, "traces")).filter((name) => name.endsWith(".js") && name !== "list.js").map((name) => name.slice(0, -3));

async function open(page, hash) {
  await page.go("about:blank");
  await page.go(PAGE + (hash || ""));
  await page.until("document.querySelector('.pane [data-part=status]') || document.querySelector('#message:not([hidden])')");
}

// Gives the page a trace as a reader would, through the file picker.
async function give(page, name, trace) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "trace-"));
  const file = path.join(folder, name + ".json");
  fs.writeFileSync(file, typeof trace === "string" ? trace : JSON.stringify(trace));
  const { root } = await page.send("DOM.getDocument");
  const { nodeId } = await page.send("DOM.querySelector", { nodeId: root.nodeId, selector: "#file" });
  await page.send("DOM.setFileInputFiles", { files: [file], nodeId });
  await page.until("document.querySelector('#left').value === " + JSON.stringify(name) + " || !document.querySelector('#message').hidden");
  fs.rmSync(folder, { recursive: true });
}

// What the page shows of the state, read from what it shows.
const SHOWN = `(() => {
  const pane = document.querySelector(".pane");
  const part = (name) => pane.querySelector('[data-part="' + name + '"]');
  const numbers = (text) => text ? text.split(" ").map(Number) : [];
  return {
    i: Number(pane.dataset.event),
    queue: numbers(part("queue").dataset.tasks),
    chips: Array.from(part("queue").querySelectorAll("[data-task]"), (one) => Number(one.dataset.task)),
    timers: numbers(part("timers").dataset.timers),
    messages: Number(part("inbox").dataset.messages),
    parked: part("poller").dataset.parked,
    printed: part("printed").textContent,
    tasks: Array.from(part("tasks").rows, (row) => [Number(row.dataset.task), row.dataset.state, Number(row.querySelector(".number").textContent)]),
    status: part("status").textContent,
    marked: pane.querySelectorAll(".lines li[aria-current]").length,
  };
})()`;

// The same, from the fold in Node.
function expected(trace) {
  const state = fold.start(trace);
  return trace.events.map((event) => {
    fold.apply(state, event);
    const dump = fold.dump(state);
    return {
      i: event.i, queue: dump.queue, chips: dump.queue, timers: dump.timers.map((timer) => timer.timer), messages: dump.inbox.length,
      parked: dump.parked ? String(dump.parked.until) : "", printed: dump.printed.join("\n"),
      tasks: dump.tasks.map((task) => [task.task, task.state, task.polls]),
      status: sentence.say(event, state) + state.flags.filter((flag) => flag.i === event.i)
        .map((flag) => " ⚑ " + flag.rule + ": " + flag.text + ".").join(""),
    };
  });
}

function sameAs(shown, wanted) {
  const { marked, ...rest } = shown;
  assert.deepStrictEqual(rest, wanted);
}

const click = (page, selector) => page.run("document.querySelector(" + JSON.stringify(selector) + ").click()");

for (const name of NAMES) {
  check(name + ": every step forward and back shows what the fold says", async (page) => {
    const wanted = expected(committed(name));
    await open(page, "#" + name + ".0");
    for (let i = 0; i < wanted.length; i++) {
      const shown = await page.run(SHOWN);
      sameAs(shown, wanted[i]);
      assert.strictEqual(shown.marked > 0, true, "no line of the loop is marked at event " + i);
      await click(page, '[data-go="event"]');
    }
    for (let i = wanted.length - 1; i >= 0; i--) {
      sameAs(await page.run(SHOWN), wanted[i]);
      await click(page, '[data-go="event-back"]');
    }
  });
}

check("the first page is fetch_data, in both languages side by side, linked by what they print", async (page) => {
  await open(page);
  const names = await page.run("LoopPlayer.panes.map((pane) => pane.name)");
  assert.deepStrictEqual(names, ["fetch_data", "fetch_data.python"].filter((name) => NAMES.includes(name)));
  if (names.length < 2) return;
  const last = await page.run("LoopPlayer.panes[0].history.last");
  for (let i = 0; i <= last; i++) {
    const printed = await page.run("LoopPlayer.panes.map((pane) => pane.part('printed').textContent)");
    assert.strictEqual(printed[0], printed[1], "after event " + i);
    await page.key("ArrowRight");
  }
  assert.deepStrictEqual(await page.run("LoopPlayer.panes.map((pane) => pane.i === pane.history.last)"), [true, true]);
});

check("keys: arrows, shift, home, end, space", async (page) => {
  const trace = committed("fetch_data.python");
  const at = () => page.run("LoopPlayer.focused.i");
  const all = (kind) => trace.events.filter((event) => event.k === kind).map((event) => event.i);
  await open(page, "#fetch_data.python.0");
  await page.key("ArrowRight");
  assert.strictEqual(await at(), 1);
  await page.key("ArrowLeft");
  assert.strictEqual(await at(), 0);
  for (const i of all("poll.start").slice(0, 3)) {
    await page.key("ArrowRight", true);
    assert.strictEqual(await at(), i);
  }
  await page.key("ArrowLeft", true);
  assert.strictEqual(await at(), all("poll.start")[1]);
  await page.key("End");
  assert.strictEqual(await at(), trace.events.length - 1);
  await page.key("ArrowUp");
  assert.strictEqual(await at(), all("turn").pop());
  await page.key("Home");
  await page.key("ArrowDown");
  assert.strictEqual(await at(), all("turn")[0]);
  await page.key(" ");
  await page.until("LoopPlayer.focused.i > " + (all("turn")[0] + 1));
  await page.key(" ");
  await page.until("LoopPlayer.playing === null");
});

check("a link goes to its event, and the address follows the steps", async (page) => {
  await open(page, "#fetch_data.python.15");
  assert.strictEqual(await page.run("LoopPlayer.focused.i"), 15);
  await page.key("ArrowRight");
  await page.until("location.hash === '#fetch_data.python.16'");
  await page.run("location.hash = '#fetch_data.python.30'");
  await page.until("LoopPlayer.focused.i === 30");
  page.expected = /ERR_FILE_NOT_FOUND/;
  await open(page, "#no.such.trace.3");
  assert.match(await page.run("document.querySelector('#message').textContent"), /There is no trace with the name “no.such.trace”/);
});

check("jump to the next run of a task, and ask why it waits", async (page) => {
  const trace = committed("fetch_data.python");
  await open(page, "#fetch_data.python.31");
  await click(page, '[data-why="1"]');
  const why = await page.run("LoopPlayer.focused.part('why').textContent");
  assert.match(why, /Task 1 \(main\) waits for task 2 \(fetch_data\).*Task 2 \(fetch_data\) waits for timer 1, due at 2 s/);
  await click(page, '[data-next="3"]');
  const next = trace.events.find((event) => event.i > 31 && event.k === "poll.start" && event.task === 3).i;
  assert.strictEqual(await page.run("LoopPlayer.focused.i"), next);
  await click(page, "#next-run");
  assert.match(await page.run("document.querySelector('#message').textContent"), /Task 3 does not run again/);
});

check("a click on the lanes goes to the event under it", async (page) => {
  await open(page, "#fetch_data.python.0");
  await page.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  const wanted = await page.run(`(() => {
    const lanes = LoopPlayer.focused.lanes, at = lanes.canvas.getBoundingClientRect();
    lanes.canvas.dispatchEvent(new MouseEvent("click", { clientX: at.left + lanes.x(9) + 2, clientY: at.top + lanes.middle(1), bubbles: true }));
    return LoopPlayer.focused.i;
  })()`);
  assert.strictEqual(wanted, 9);
  await click(page, '[data-axis="time"]');
  assert.strictEqual(await page.run("document.querySelector('[data-axis=time]').getAttribute('aria-pressed')"), "true");
});

check("the list of events leads to each of them", async (page) => {
  const trace = committed("fetch_data.python");
  await open(page, "#fetch_data.python.40");
  await click(page, ".events summary");
  await page.until("document.querySelectorAll('.events li').length === 41");
  const shown = await page.run("Array.from(document.querySelectorAll('.events li'), (one) => [one.value, one.textContent])");
  const wanted = expected(trace).slice(20, 61).map((one) => [one.i, one.status]);
  assert.deepStrictEqual(shown, wanted);
  await click(page, ".events li:nth-child(4) button");
  assert.strictEqual(await page.run("LoopPlayer.focused.i"), 23);
});

check("predict: all right answers are counted, to the end of the run", async (page) => {
  await open(page, "#fetch_data.python.0");
  await click(page, '[data-mode="predict"]');
  await page.run(`(() => {
    for (let n = 0; n < 500 && LoopPlayer.focused.i < LoopPlayer.focused.history.last; n++) {
      const box = document.querySelector("#quiz");
      (box.querySelector('[data-right="true"]') || box.querySelector("button")).click();
    }
  })()`);
  const score = await page.run("document.querySelector('.score').textContent");
  const [right, asked] = score.match(/\d+/g).map(Number);
  assert.ok(asked >= 10 && right === asked, score);
  await page.key("Home");
  const questions = await page.run("document.querySelector('#quiz .question').textContent");
  await page.key("End");
  assert.ok(await page.run("LoopPlayer.focused.i < LoopPlayer.focused.history.last"), "End must not run past a question: " + questions);
});

check("the program's own line is marked beside the loop's, in both languages", async (page) => {
  await open(page, "#fetch_data.8&fetch_data.python");
  const marked = await page.run("LoopPlayer.panes.map((pane) => Array.from(pane.root.querySelectorAll('.program [aria-current]'), (one) => one.textContent.trim()))");
  assert.deepStrictEqual(marked, [["sleep(Duration::from_secs(seconds)).await;"], ["await asyncio.sleep(SECONDS_TO_ANSWER)"]]);
});

check("you are the loop: the rules are the fold's, and the run can be driven to its end", async (page) => {
  await open(page, "#fetch_data.python.0");
  await click(page, '[data-mode="drive"]');
  await click(page, '#quiz [data-kind="park.start"]');
  assert.match(await page.run("document.querySelector('#quiz .question').textContent"), /No loop may do that\. no-park-with-work/);
  await page.run(`(() => {
    for (let n = 0; n < 500 && LoopPlayer.focused.i < LoopPlayer.focused.history.last; n++) {
      const pane = LoopPlayer.focused, real = pane.events[pane.i + 1];
      const all = LoopDrive.choices(pane.history.at(pane.i), real);
      const which = all.findIndex((one) => LoopDrive.judge(pane.history.at(pane.i), one.event, real).same);
      document.querySelectorAll("#quiz .answers button")[which].click();
    }
  })()`);
  assert.match(await page.run("document.querySelector('#quiz .question').textContent"), /The run is over/);
});

check("pictures, both themes, to be looked at", async (page) => {
  for (const theme of ["light", "dark"]) {
    await page.media({ "prefers-color-scheme": theme });
    for (const [name, width, height, hash] of [["wide", 1440, 1000, ""], ["page", 900, 1000, "#" + NAMES[0] + ".20"], ["phone", 360, 740, "#fetch_data.python.45"]]) {
      await page.size(width, height, width < 500);
      await open(page, hash);
      await page.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
      await page.picture(path.join(PICTURES, name + "-" + theme + ".png"));
    }
  }
});

check("a trace of a hundred thousand events opens, and steps both ways", async (page) => {
  const trace = made(200, 100000);
  await open(page, "#fetch_data.python.0");
  const text = JSON.stringify(trace);
  const began = Date.now();
  await give(page, "big", text);
  await page.until("LoopPlayer.panes[0].name === 'big'");
  const opened = Date.now() - began;
  const last = trace.events.length - 1;
  await page.key("End");
  assert.strictEqual(await page.run("LoopPlayer.focused.i"), last);
  const step = await page.run(`(() => {
    const begin = performance.now();
    for (let n = 0; n < 50; n++) { LoopPlayer.step("event-back"); LoopPlayer.focused.lanes.paint(); }
    return (performance.now() - begin) / 50;
  })()`);
  const state = fold.start(trace);
  for (const event of trace.events.slice(0, last - 50 + 1)) fold.apply(state, event);
  assert.deepStrictEqual(await page.run("LoopFold.dump(LoopPlayer.focused.state())"), JSON.parse(JSON.stringify(fold.dump(state))));
  console.log("    " + trace.events.length + " events: opened in " + opened + " ms, a step takes " + step.toFixed(1) + " ms");
});

for (const { rule, trace } of broken()) {
  check("a trace that breaks " + rule + " is flagged, and the flag leads there", async (page) => {
    await open(page, "#fetch_data.python.0");
    await give(page, "broken", trace);
    await page.until("LoopPlayer.panes[0].name === 'broken'");
    await click(page, '[data-flag="' + rule + '"]');
    assert.match(await page.run("LoopPlayer.focused.part('status').textContent"), new RegExp("⚑ .*" + rule));
  });
}

check("a file that is no trace is refused with a reason", async (page) => {
  await open(page, "#fetch_data.python.0");
  await give(page, "none", '{"a": 1}');
  assert.match(await page.run("document.querySelector('#message').textContent"), /none\.json: This is not a loop-trace\/1 file/);
  assert.strictEqual(await page.run("LoopPlayer.panes[0].name"), "fetch_data.python");
});

check("a dropped trace is opened", async (page) => {
  await open(page, "#fetch_data.python.0");
  await page.run(`(() => {
    const data = new DataTransfer();
    data.items.add(new File([${JSON.stringify(JSON.stringify(made(2, 40)))}], "dropped.json"));
    dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
  })()`);
  await page.until("LoopPlayer.panes[0].name === 'dropped'");
});

access(check, { open, click, PAGE, PICTURES });

async function main() {
  const file = find();
  if (!file) return console.log("skipped: no Chromium");
  const browser = await Browser.start(file);
  let failed = 0;
  try {
    for (const { name, run } of checks) {
      const page = await browser.page();
      try {
        await run(page);
        assert.deepStrictEqual(page.requests.filter((url) => !/^(file|data|about|blob):/.test(url)), [], "requests that leave the disk");
        assert.deepStrictEqual(page.complaints.filter((text) => !page.expected || !page.expected.test(text)), [], "the console");
        console.log("ok  " + name);
      } catch (error) {
        failed += 1;
        console.log("FAILED  " + name + "\n" + error.stack);
      }
      await browser.send("Target.closeTarget", { targetId: page.target });
    }
  } finally {
    await browser.end();
  }
  console.log((checks.length - failed) + " of " + checks.length + " passed; pictures in " + path.relative(process.cwd(), PICTURES));
  process.exitCode = failed ? 1 : 0;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
