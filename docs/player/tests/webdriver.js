// A Firefox and a WebKit for tests, as Debian has them, driven without a
// package: Firefox over Marionette, WebKit over WebKitWebDriver.
//
// Invariant: what is started here is ended here, with its profile. Ports are
// those of the loopback address that the system chose.
//
// Called by other_browsers.js.
"use strict";

const { spawn } = require("child_process");
const fs = require("fs");
const http = require("http");
const net = require("net");
const os = require("os");
const path = require("path");

// Not a measure of speed: only what turns a hang into a failure.
const PATIENCE = 180000;
const KEYS = { ArrowLeft: "\uE012", ArrowUp: "\uE013", ArrowRight: "\uE014", ArrowDown: "\uE015", Home: "\uE011", End: "\uE010", Shift: "\uE008", " ": " " };
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function inPath(name) {
  const places = (process.env.PATH || "").split(path.delimiter).concat("/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1", "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1");
  return places.map((place) => path.join(place, name)).find((file) => fs.existsSync(file)) || null;
}

async function until(what, test) {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    const value = await test();
    if (value) return value;
    await pause(50);
  }
  throw new Error("gave up waiting for: " + what);
}

// Ends a program that leads its own process group, with all that it started.
async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.on("close", done));
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    child.kill("SIGKILL");
  }
  await gone;
}

// What both know, on top of `command(name, params)`.
class Driver {
  go(url) {
    return this.command("Navigate", { url });
  }

  run(expression) {
    return this.command("ExecuteScript", { script: "return (" + expression + ")", args: [] });
  }

  until(expression) {
    return until(expression, () => this.run("Boolean(" + expression + ")"));
  }

  async key(name) {
    const pressed = name.split("+").map((one) => KEYS[one]);
    const actions = pressed.map((value) => ({ type: "keyDown", value })).concat(pressed.reverse().map((value) => ({ type: "keyUp", value })));
    await this.command("PerformActions", { actions: [{ type: "key", id: "keys", actions }] });
  }

  async element(selector) {
    return Object.values(await this.command("FindElement", { using: "css selector", value: selector }))[0];
  }

  async click(selector) {
    await this.command("ElementClick", { id: await this.element(selector) });
  }

  async type(selector, text) {
    await this.command("ElementSendKeys", { id: await this.element(selector), text });
  }

  size(width, height) {
    return this.command("SetWindowRect", { width, height });
  }
}

// ---- Firefox ----------------------------------------------------------------------

class Firefox extends Driver {
  // The reason why there is none, or null.
  static missing() {
    return inPath("firefox-esr") || inPath("firefox") ? null : "no Firefox";
  }

  static async start(settings) {
    const it = new Firefox();
    it.profile = fs.mkdtempSync(path.join(os.tmpdir(), "player-"));
    const all = Object.assign({ "marionette.port": 0, "app.update.enabled": false, "network.captive-portal-service.enabled": false, "network.connectivity-service.enabled": false }, settings);
    const lines = Object.entries(all).map(([name, value]) => "user_pref(" + JSON.stringify(name) + ", " + JSON.stringify(value) + ");\n");
    fs.writeFileSync(path.join(it.profile, "user.js"), lines.join(""));
    it.child = spawn(inPath("firefox-esr") || inPath("firefox"), ["--headless", "--marionette", "--no-remote", "--profile", it.profile], { stdio: "ignore", detached: true });
    try {
      const port = await until("Firefox's port", () => it.port());
      await it.connect(port);
      await it.command("NewSession", { strictFileInteractability: false });
    } catch (error) {
      await it.end();
      throw error;
    }
    return it;
  }

  port() {
    if (this.child.exitCode !== null) throw new Error("Firefox ended with code " + this.child.exitCode);
    const file = path.join(this.profile, "MarionetteActivePort");
    return fs.existsSync(file) ? Number(fs.readFileSync(file, "utf8")) : 0;
  }

  // Messages come as "length:json"; the first one is a greeting.
  connect(port) {
    this.open = new Map();
    this.bytes = Buffer.alloc(0);
    return new Promise((done, failed) => {
      this.greeted = done;
      this.socket = net.connect(port, "127.0.0.1").on("error", failed);
      this.socket.on("data", (bytes) => this.read(bytes));
      this.socket.on("close", () => this.open.forEach((one) => one.failed(new Error("Firefox has gone"))));
    });
  }

  read(bytes) {
    this.bytes = Buffer.concat([this.bytes, bytes]);
    for (;;) {
      const colon = this.bytes.indexOf(":");
      const end = colon + 1 + Number(this.bytes.subarray(0, Math.max(0, colon)).toString());
      if (colon < 0 || this.bytes.length < end) return;
      this.hear(JSON.parse(this.bytes.subarray(colon + 1, end).toString()));
      this.bytes = this.bytes.subarray(end);
    }
  }

  hear(message) {
    if (!Array.isArray(message)) return this.greeted();
    const [, id, error, result] = message;
    const { done, failed } = this.open.get(id);
    this.open.delete(id);
    if (error) return failed(new Error(error.error + ": " + error.message));
    done(result && "value" in result ? result.value : result);
  }

  command(name, params) {
    const id = (this.next = (this.next || 0) + 1);
    const extra = name === "ExecuteScript" ? { sandbox: null } : {};
    const text = JSON.stringify([0, id, "WebDriver:" + name, Object.assign(extra, params)]);
    return new Promise((done, failed) => {
      this.open.set(id, { done, failed });
      this.socket.write(Buffer.byteLength(text) + ":" + text);
    });
  }

  async end() {
    if (this.socket) this.socket.destroy();
    await stop(this.child);
    fs.rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

// ---- WebKit -----------------------------------------------------------------------

const PATHS = { Navigate: "/url", ExecuteScript: "/execute/sync", PerformActions: "/actions", FindElement: "/element", SetWindowRect: "/window/rect" };

class WebKit extends Driver {
  static missing() {
    const absent = ["WebKitWebDriver", "MiniBrowser", "Xvfb", "dbus-run-session"].filter((name) => !inPath(name));
    return absent.length ? "no " + absent.join(", no ") : null;
  }

  static async start() {
    const it = new WebKit();
    it.screen = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"], { stdio: ["ignore", "ignore", "ignore", "pipe"], detached: true });
    try {
      const display = await new Promise((done, failed) => {
        it.screen.stdio[3].once("data", (bytes) => done(":" + bytes.toString().trim()));
        it.screen.on("exit", (code) => failed(new Error("Xvfb ended with code " + code)));
      });
      it.port = await freePort();
      const environment = Object.assign({}, process.env, { DISPLAY: display, WEBKIT_DISABLE_COMPOSITING_MODE: "1" });
      it.child = spawn("dbus-run-session", ["--", "WebKitWebDriver", "--port=" + it.port], { stdio: "ignore", detached: true, env: environment });
      await until("WebKitWebDriver", () => it.ask("GET", "/status").catch(() => null));
      const options = { "webkitgtk:browserOptions": { binary: inPath("MiniBrowser"), args: ["--automation"] } };
      it.session = "/session/" + (await it.ask("POST", "/session", { capabilities: { alwaysMatch: options } })).sessionId;
    } catch (error) {
      await it.end();
      throw error;
    }
    return it;
  }

  ask(method, place, body) {
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    return new Promise((done, failed) => {
      const request = http.request({ host: "127.0.0.1", port: this.port, method, path: place, headers }, (answer) => {
        let said = "";
        answer.setEncoding("utf8").on("data", (part) => { said += part; }).on("end", () => {
          const { value } = JSON.parse(said);
          if (value && value.error) failed(new Error(value.error + ": " + value.message));
          else done(value);
        });
      });
      request.on("error", failed).end(text);
    });
  }

  command(name, params) {
    const { id, ...rest } = params;
    const place = { ElementClick: "/element/" + id + "/click", ElementSendKeys: "/element/" + id + "/value" }[name] || PATHS[name];
    return this.ask("POST", this.session + place, rest);
  }

  async end() {
    if (this.session) await this.ask("DELETE", this.session).catch(() => null);
    if (this.child) await stop(this.child);
    await stop(this.screen);
  }
}

function freePort() {
  return new Promise((done) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

module.exports = { Firefox, WebKit };
