// Accessibility: by keyboard, by ear, on a telephone, without motion and
// without script.
//
// Invariant: as in browser.js, nothing is judged by its speed.
//
// Called by browser.js, with its list of checks and what opens the page.
"use strict";

const assert = require("node:assert");
const path = require("path");

module.exports = (check, { open, click, PAGE, PICTURES }) => {
  check("who steps with a button keeps it under the finger", async (page) => {
    const focused = (selector) => page.run("document.activeElement.closest(" + JSON.stringify(selector) + ") !== null");
    const press = (selector) => page.run("(() => { const one = document.querySelector(" + JSON.stringify(selector) + "); one.focus(); one.click(); })()");
    await open(page, "#fetch_data.python.31");
    await press('[data-next="3"]');
    assert.ok(await focused('[data-next="3"]'), "the table took the focus away");
    await click(page, ".events summary");
    await page.until("document.querySelector('.events li button')");
    await press(".events li:nth-child(22) button");
    assert.ok(await focused('[data-i="' + await page.run("LoopPlayer.focused.i") + '"]'), "the list took the focus away");
    await click(page, '[data-mode="drive"]');
    await press("#quiz .answers button");
    assert.ok(await focused("#quiz .answers"), "the answer took the focus away");
  });

  check("the accessibility tree has the names, the sentence and the table", async (page) => {
    await open(page, "#fetch_data.python.4");
    const { nodes } = await page.send("Accessibility.getFullAXTree");
    const named = (role) => nodes.filter((node) => !node.ignored && node.role && node.role.value === role).map((node) => (node.name || {}).value);
    const buttons = named("button");
    for (const name of ["Start", "Next turn", "Previous turn", "Next poll", "Previous poll", "Next event", "Previous event", "Play", "End", "Watch", "Predict", "You are the loop", "runs", "Why is task 1 waiting?", "Next run of task 1"]) {
      assert.ok(buttons.some((button) => button.includes(name)), name + " is not among the buttons: " + buttons.join(", "));
    }
    assert.ok(!buttons.includes(""), "a button has no name");
    assert.deepStrictEqual(named("slider"), ["Event"]);
    assert.strictEqual(named("status").length, 1);
    const texts = nodes.filter((node) => node.role && node.role.value === "StaticText").map((node) => node.name.value);
    assert.ok(texts.includes("The loop takes task 1 (main) from the front of the queue and polls it for the first time."));
    assert.deepStrictEqual(named("columnheader"), ["task", "now", "polls", "waits for", "ask"]);
  });

  check("every button and list is at least 40 px to touch", async (page) => {
    await page.size(360, 740, true);
    await open(page, "#fetch_data.python.4");
    const small = await page.run(`Array.from(document.querySelectorAll("button:not(.link), select, .button, summary"))
      .filter((one) => one.offsetParent).map((one) => [one.textContent.trim().slice(0, 20), one.getBoundingClientRect()])
      .filter(([, box]) => box.height < 39.5 || box.width < 36).map(([name, box]) => name + " " + box.width + "×" + box.height)`);
    assert.deepStrictEqual(small, []);
  });

  check("no sideways scroll from 360 to 1600 px, in any mode", async (page) => {
    for (const width of [360, 480, 620, 700, 900, 1100, 1440, 1600]) {
      await page.size(width, 800, width < 500);
      for (const hash of ["#fetch_data.python.30", ""]) {
        await open(page, hash);
        for (const mode of ["watch", "predict", "drive"]) {
          await click(page, '[data-mode="' + mode + '"]');
          const [wide, seen] = await page.run("[document.documentElement.scrollWidth, document.documentElement.clientWidth]");
          assert.ok(wide <= seen, mode + " " + hash + ": " + wide + " px in " + seen);
        }
      }
    }
  });

  check("reduced motion: play stays off and says so", async (page) => {
    await page.media({ "prefers-reduced-motion": "reduce" });
    await open(page, "#fetch_data.python.0");
    await click(page, "#play");
    assert.match(await page.run("document.querySelector('#message').textContent"), /Play is off/);
    assert.strictEqual(await page.run("LoopPlayer.playing"), null);
  });

  check("without script, the picture and the events remain", async (page) => {
    await page.send("Emulation.setScriptExecutionDisabled", { value: true });
    await page.go(PAGE);
    const { root } = await page.send("DOM.getDocument");
    const { nodeId } = await page.send("DOM.querySelector", { nodeId: root.nodeId, selector: ".fallback" });
    const { outerHTML } = await page.send("DOM.getOuterHTML", { nodeId });
    assert.match(outerHTML, /<svg[^]*<desc[^]*<\/svg>/);
    assert.ok((outerHTML.match(/<li value=/g) || []).length > 30);
    const { nodes } = await page.send("Accessibility.getFullAXTree");
    const buttons = nodes.filter((node) => !node.ignored && node.role && node.role.value === "button");
    assert.strictEqual(buttons.length, 0, "buttons that do nothing are shown");
    await page.picture(path.join(PICTURES, "no-script.png"));
    await page.send("Emulation.setScriptExecutionDisabled", { value: false });
  });
};
