// Where traces come from: scripts beside the page, and files of the reader's.
//
// Invariant: nothing is fetched over a network. A page opened from disk may
// not read files, so a trace of ours comes as a script, and a trace of the
// reader's through the file picker or a drop.
//
// Called by player.js; the scripts in traces/ call loopTrace and loopTraces.
"use strict";

var LoopLoad = (function () {
  const { check } = typeof module !== "undefined" ? require("./history.js") : LoopHistory;
  const traces = new Map();
  const waiting = new Map();
  const files = new Set();
  const MOST_MEGABYTES = 300; // a browser's strings end at about 500
  const load = { names: [], shows: new Map(), traces };

  // A trace by name; loads its script if it is not there yet.
  load.get = function (name) {
    if (traces.has(name)) return Promise.resolve(traces.get(name));
    if (!/^[\w.-]+$/.test(name)) return Promise.reject(missing(name));
    return new Promise((done, failed) => {
      waiting.set(name, done);
      const script = document.createElement("script");
      script.src = "traces/" + name + ".js";
      script.onerror = () => failed(missing(name));
      document.head.append(script);
    });
  };

  load.add = function (name, trace) {
    traces.set(name, trace);
    if (!load.names.includes(name)) load.names.push(name);
    const done = waiting.get(name);
    waiting.delete(name);
    if (done) done(trace);
  };

  function missing(name) {
    return new Error("There is no trace with the name “" + name + "” beside this page. If it is a file of yours, open it again.");
  }

  // The trace in a file: JSON, or the script form of it.
  load.parse = function (text) {
    if (!text.trim()) throw new Error("This file is empty. Has the program that records it ended?");
    if (/[\0\uFFFD]/.test(text.slice(0, 4096))) throw new Error("This file is not text, so it is not a trace.");
    const begin = text.indexOf("{");
    if (begin < 0) throw new Error("This file is not JSON, so it is not a trace.");
    try {
      return JSON.parse(text.slice(begin, text.lastIndexOf("}") + 1));
    } catch (error) {
      const whole = /\}\s*(\);?)?\s*$/.test(text);
      throw new Error(whole ? "This file is not JSON: " + error.message
        : "This file ends in the middle. It was cut off, or the program still writes it.");
    }
  };

  load.file = async function (file) {
    const size = Math.ceil(file.size / 1e6);
    if (size > MOST_MEGABYTES) {
      throw new Error("This file has " + size + " MB, and the player reads up to " + MOST_MEGABYTES + ". Record less of the run.");
    }
    const trace = load.parse(await file.text());
    check(trace);
    const name = free(file.name.replace(/\.(trace\.)?(json|js)$/, "").replace(/[^\w.-]+/g, "-") || "trace");
    load.add(name, trace);
    files.add(name);
    return name;
  };

  // A file of the reader's does not take the place of a trace beside the page.
  function free(name) {
    return load.shows.has(name) ? "your-" + name : name;
  }

  // Did the reader bring this trace?
  load.isFile = (name) => files.has(name);

  return load;
})();

if (typeof module !== "undefined") module.exports = LoopLoad;

function loopTrace(name, trace) {
  LoopLoad.add(name, trace);
}

function loopTraces(all) {
  LoopLoad.names = all.map((one) => one.name);
  for (const { name, shows } of all) LoopLoad.shows.set(name, shows);
  LoopPlayer.start();
}
