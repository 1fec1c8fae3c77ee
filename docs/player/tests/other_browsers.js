// The page in Firefox and in WebKit, which stands in for Safari: opened from
// disk, stepped, played, given a file and a drop, in each of its modes.
//
// Invariant: a browser that is not there is skipped, and that is said.
//
//     node docs/player/tests/other_browsers.js
//
// Called by run.sh if ALL_BROWSERS=1.
"use strict";

const assert = require("assert");
const path = require("path");
const { pathToFileURL } = require("url");
const { Firefox, WebKit } = require("./webdriver.js");

const HOME = path.join(__dirname, "..");
const PAGE = pathToFileURL(path.join(HOME, "index.html")).href;

const at = (page) => page.run("LoopPlayer.panes.map((pane) => pane.name + '.' + pane.i)");

async function open(page, hash) {
  await page.go("about:blank");
  await page.go(PAGE + hash);
  await page.until("document.querySelector('.pane [data-part=status]')");
}

const DROP = `(() => {
  const data = new DataTransfer();
  data.items.add(new File([JSON.stringify(LoopPlayer.panes[0].trace)], "dropped.json"));
  dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
})()`;

const ANSWER_ALL = `(() => {
  for (let n = 0; n < 500 && LoopPlayer.focused.i < LoopPlayer.focused.history.last; n++) {
    const box = document.querySelector("#quiz");
    (box.querySelector('[data-right="true"]') || box.querySelector("button")).click();
  }
})()`;

async function tryOut(page) {
  await page.size(1400, 900);
  await open(page, "");
  assert.deepStrictEqual(await at(page), ["fetch_data.0", "fetch_data.python.0"]);
  assert.strictEqual(await page.run("document.querySelectorAll('.lines li[aria-current]').length > 0"), true);
  for (let n = 0; n < 8; n++) await page.key("ArrowRight");
  await page.key("ArrowLeft");
  assert.deepStrictEqual(await at(page), ["fetch_data.7", "fetch_data.python.18"]);
  await page.key("Shift+ArrowRight");
  assert.strictEqual((await at(page))[0], "fetch_data.29");
  await page.key("ArrowUp");
  assert.strictEqual((await at(page))[0], "fetch_data.28");
  await page.until("location.hash === '#fetch_data.28&fetch_data.python'");
  await page.key(" ");
  await page.until("LoopPlayer.focused.i > 30");
  await page.key(" ");
  await page.until("LoopPlayer.playing === null");
  await page.key("End");
  assert.deepStrictEqual(await at(page), ["fetch_data.43", "fetch_data.python.87"]);
  assert.strictEqual(await page.run("new Set(LoopPlayer.panes.map((pane) => pane.part('printed').textContent)).size"), 1);

  await page.type("#file", path.join(HOME, "traces", "jobs.json"));
  await page.until("LoopPlayer.panes[0].name === 'your-jobs'");
  await page.run(DROP);
  await page.until("LoopPlayer.panes[0].name === 'dropped'");
  await page.type("#file", __filename);
  await page.until("/is not|ends in/.test(document.querySelector('#message').textContent)");

  await open(page, "#cancel.20&tasks");
  assert.strictEqual((await at(page))[0], "cancel.20");
  await page.click('[data-why="1"]');
  assert.match(await page.run("LoopPlayer.focused.part('why').textContent"), /^Why is task 1 waiting\?/);

  await open(page, "#fetch_data.python.0");
  await page.click('[data-mode="predict"]');
  await page.run(ANSWER_ALL);
  assert.match(await page.run("document.querySelector('.score').textContent"), /^(\d+) of \1 right$/);
  await page.key("Home");
  await page.click('[data-mode="drive"]');
  assert.match(await page.run("document.querySelector('.question').textContent"), /What do you do next\?/);

  await page.size(600, 900);
  const [wide, seen] = await page.run("[document.documentElement.scrollWidth, document.documentElement.clientWidth]");
  assert.ok(wide <= seen, wide + " px in " + seen);
}

async function withoutScript(page) {
  await page.go(PAGE);
  const text = await page.run("document.querySelector('.fallback').textContent");
  assert.match(text, /The loop closes: what is left is cancelled\./);
}

async function inOne(name, Browser, test, settings) {
  const reason = Browser.missing();
  if (reason) return console.log("skipped: " + name + ": " + reason);
  const page = await Browser.start(settings);
  try {
    await test(page);
    console.log("ok  " + name);
  } catch (error) {
    process.exitCode = 1;
    console.log("FAILED  " + name + "\n" + error.stack);
  } finally {
    await page.end();
  }
}

async function main() {
  await inOne("Firefox", Firefox, tryOut);
  await inOne("Firefox without script", Firefox, withoutScript, { "javascript.enabled": false });
  await inOne("WebKit", WebKit, tryOut);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
