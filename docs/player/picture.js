// A trace as one still picture, for readers without script.
//
// Invariant: it shows the same lanes as the page, and says in words what it shows.
//
// Called by generate.js.
"use strict";

const lanesOf = require("./lanes.js").build;
const ROW = 30, LABEL = 96, BAR = 16, STEP = 18;

function escape(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;");
}

function stretch(one, y) {
  const x = LABEL + one.from * STEP, width = (one.to - one.from) * STEP;
  const box = '<rect x="' + (x + 1) + '" y="' + (y - BAR / 2) + '" width="' + (width - 2) + '" height="' + BAR + '" rx="4" class="' + one.what + '"/>';
  const text = width > one.text.length * 7 + 8 ? '<text x="' + (x + 6) + '" y="' + (y + 4) + '" class="on-' + one.what + '">' + escape(one.text) + "</text>" : "";
  switch (one.what) {
    case "waiting": case "park":
      return '<path class="dots" d="M' + (x + 4) + " " + y + "H" + (x + width - 2) + '"/>' +
        (text ? '<rect class="ground" x="' + (x + 4) + '" y="' + (y - 8) + '" width="' + (one.text.length * 7 + 6) + '" height="16"/>' + text : "");
    case "returned": return '<path class="mark" d="M' + (x + 2) + " " + y + 'l3 4l6 -9"/>';
    case "cut": return '<path class="mark" d="M' + (x + 2) + " " + (y - 4) + "l8 8m0 -8l-8 8" + '"/>';
    default: return box + text;
  }
}

function arrow(wake) {
  const x = LABEL + wake.i * STEP + 6;
  const middle = (row) => 8 + row * ROW + ROW / 2;
  const down = wake.to >= wake.from ? 1 : -1;
  const tip = middle(wake.to) - down * BAR / 2;
  const start = wake.from === wake.to ? tip - down * 6 : middle(wake.from) + down * BAR / 2;
  return '<path class="' + (wake.hollow ? "hollow" : "wake") + '" d="M' + x + " " + start + "V" + (tip - down * 6) +
    "h-4L" + x + " " + tip + "l4 " + -down * 6 + 'h-4"/>';
}

function svg(trace) {
  const model = lanesOf(trace);
  const width = LABEL + trace.events.length * STEP + 8, height = model.lanes.length * ROW + 16;
  const rows = model.lanes.map((lane) => {
    const y = 8 + lane.row * ROW + ROW / 2;
    return '<text x="4" y="' + (y + 4) + '">' + escape(lane.label) + "</text>" + lane.stretches.map((one) => stretch(one, y)).join("");
  });
  const printed = trace.events.filter((event) => event.k === "print").map((event) => event.text);
  return '<svg class="still" xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ' + width + " " + height + '" aria-labelledby="still-title still-text">\n' +
    '<title id="still-title">' + escape(trace.program) + ", " + trace.events.length + " events of its loop</title>\n" +
    '<desc id="still-text">A lane for the loop and one for each task. Filled: the task is polled. Dots: it waits, or the loop sleeps. Arrows: wakes, hollow if they did nothing. Printed: ' +
    escape(printed.join("; ")) + "</desc>\n" + rows.join("\n") + "\n" + model.wakes.map(arrow).join("\n") + "\n</svg>";
}

module.exports = { svg };
