// A Chromium for tests, driven over its own protocol through a pipe: no
// package is needed, and no port is opened.
//
// Invariant: what is started here is ended here, with its profile.
//
// Called by the browser tests.
"use strict";

const { spawn } = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");

const NAMES = ["chromium", "chromium-browser", "chromium-headless-shell", "google-chrome"];
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--remote-debugging-pipe",
];
// Not a measure of speed: only what turns a hang into a failure.
const PATIENCE = 120000;

function find() {
  const places = (process.env.PATH || "").split(path.delimiter);
  for (const name of NAMES) {
    for (const place of places) {
      const file = path.join(place, name);
      if (place && fs.existsSync(file)) return file;
    }
  }
  return null;
}

function withPatience(promise, what) {
  let timer;
  const late = new Promise((_, failed) => {
    timer = setTimeout(() => failed(new Error("gave up after " + PATIENCE / 1000 + " s: " + what)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

class Browser {
  static async start(file) {
    const profile = fs.mkdtempSync(path.join(os.tmpdir(), "player-"));
    const child = spawn(file, FLAGS.concat("--user-data-dir=" + profile, "about:blank"), {
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    });
    const browser = new Browser(child, profile);
    try {
      await browser.send("Browser.getVersion");
    } catch (error) {
      await browser.end();
      throw error;
    }
    return browser;
  }

  constructor(child, profile) {
    this.child = child;
    this.profile = profile;
    this.next = 1;
    this.open = new Map();
    this.pages = new Map();
    this.said = "";
    this.half = "";
    child.stderr.on("data", (bytes) => { this.said += bytes; });
    child.stdio[3].on("error", () => {}); // the pipe of a browser that has gone
    child.stdio[4].setEncoding("utf8").on("data", (text) => this.read(text));
    child.on("error", (error) => this.gone(error.message));
    child.on("exit", (code) => this.gone("Chromium ended with code " + code));
  }

  // Messages come with a zero byte behind each.
  read(text) {
    const messages = (this.half + text).split("\0");
    this.half = messages.pop();
    for (const message of messages) this.hear(JSON.parse(message));
  }

  hear(answer) {
    if (answer.id) {
      const { done, failed } = this.open.get(answer.id);
      this.open.delete(answer.id);
      return answer.error ? failed(new Error(answer.error.message)) : done(answer.result);
    }
    const page = this.pages.get(answer.sessionId);
    if (page) page.hear(answer.method, answer.params);
  }

  gone(why) {
    for (const { failed } of this.open.values()) failed(new Error(why + ":\n" + this.said));
    this.open.clear();
  }

  send(method, params, sessionId) {
    const id = this.next++;
    const answer = new Promise((done, failed) => this.open.set(id, { done, failed }));
    this.child.stdio[3].write(JSON.stringify({ id, method, params: params || {}, sessionId }) + "\0");
    return withPatience(answer, method);
  }

  async page() {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page(this, sessionId, targetId);
    this.pages.set(sessionId, page);
    for (const domain of ["Page", "Runtime", "Network", "Log", "Accessibility", "DOM"]) await page.send(domain + ".enable");
    return page;
  }

  async end() {
    const gone = new Promise((done) => this.child.on("close", done));
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill("SIGKILL");
      await gone;
    }
    fs.rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

class Page {
  constructor(browser, session, target) {
    this.browser = browser;
    this.session = session;
    this.target = target;
    this.requests = [];
    this.complaints = [];
    this.waiting = new Map();
  }

  send(method, params) {
    return this.browser.send(method, params, this.session);
  }

  hear(method, params) {
    if (method === "Network.requestWillBeSent") this.requests.push(params.request.url);
    if (method === "Runtime.exceptionThrown") this.complaints.push(params.exceptionDetails.exception ? params.exceptionDetails.exception.description : params.exceptionDetails.text);
    if (method === "Runtime.consoleAPICalled" && /error|warning/.test(params.type)) this.complaints.push(params.args.map((one) => one.value || one.description).join(" "));
    if (method === "Log.entryAdded" && params.entry.level === "error") this.complaints.push(params.entry.text);
    const done = this.waiting.get(method);
    this.waiting.delete(method);
    if (done) done(params);
  }

  event(method) {
    return withPatience(new Promise((done) => this.waiting.set(method, done)), method);
  }

  async go(url) {
    const loaded = this.event("Page.loadEventFired");
    await this.send("Page.navigate", { url });
    await loaded;
  }

  // Evaluates an expression in the page; a promise is waited for.
  async run(expression) {
    const answer = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (answer.exceptionDetails) throw new Error((answer.exceptionDetails.exception || {}).description || answer.exceptionDetails.text);
    return answer.result.value;
  }

  // Waits until an expression is true in the page.
  async until(expression) {
    const end = Date.now() + PATIENCE;
    while (Date.now() < end) {
      if (await this.run("Boolean(" + expression + ")")) return;
      await new Promise((done) => setTimeout(done, 20));
    }
    throw new Error("gave up waiting for: " + expression);
  }

  async key(key, shift) {
    const params = { key, code: key === " " ? "Space" : key, modifiers: shift ? 8 : 0, windowsVirtualKeyCode: CODES[key] };
    await this.send("Input.dispatchKeyEvent", Object.assign({ type: "rawKeyDown" }, params));
    await this.send("Input.dispatchKeyEvent", Object.assign({ type: "keyUp" }, params));
  }

  async size(width, height, mobile) {
    await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: Boolean(mobile) });
  }

  async media(features) {
    await this.send("Emulation.setEmulatedMedia", { features: Object.entries(features).map(([name, value]) => ({ name, value })) });
  }

  async picture(file, whole) {
    const { data } = await this.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: Boolean(whole) });
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, Buffer.from(data, "base64"));
  }
}

const CODES = { ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, Home: 36, End: 35, " ": 32, Enter: 13, Tab: 9 };

module.exports = { Browser, find };
