// Where traces come from: scripts beside the page, and files of the reader's.
//
// Invariant: nothing is fetched over a network. A page opened from disk may
// not read files, so a trace of ours comes as a script, and a trace of the
// reader's through the file picker or a drop.
//
// Called by player.js; the scripts in traces/ call loopTrace and loopTraces.
"use strict";

var LoopLoad = (function () {
  const traces = new Map();
  const waiting = new Map();
  const files = new Set();
  const load = { names: [], traces, ready: null };

  // A trace by name; loads its script if it is not there yet.
  load.get = function (name) {
    if (traces.has(name)) return Promise.resolve(traces.get(name));
    if (!/^[\w.-]+$/.test(name)) return Promise.reject(new Error("There is no trace with the name “" + name + "”."));
    return new Promise((done, failed) => {
      waiting.set(name, done);
      const script = document.createElement("script");
      script.src = "traces/" + name + ".js";
      script.onerror = () => failed(new Error("There is no trace with the name “" + name + "”."));
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

  // The trace in a file: JSON, or the script form of it.
  load.parse = function (text) {
    const json = text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
    let trace;
    try {
      trace = JSON.parse(json);
    } catch (error) {
      throw new Error("This file is not JSON: " + error.message);
    }
    return trace;
  };

  load.file = async function (file) {
    const trace = load.parse(await file.text());
    LoopHistory.check(trace);
    const name = file.name.replace(/\.(trace\.)?(json|js)$/, "").replace(/[^\w.-]+/g, "-") || "trace";
    load.add(name, trace);
    files.add(name);
    return name;
  };

  // Did the reader bring this trace?
  load.isFile = (name) => files.has(name);

  return load;
})();

function loopTrace(name, trace) {
  LoopLoad.add(name, trace);
}

function loopTraces(names) {
  LoopLoad.names = names;
  LoopPlayer.start();
}
