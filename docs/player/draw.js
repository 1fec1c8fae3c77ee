// Paints the lanes on a canvas: only the rows and events that can be seen.
//
// Invariant: what is painted costs as much as what is visible, however long
// the trace is.
//
// Called by pane.js, which says what is the current event.
"use strict";

var LoopDraw = (function () {
  const ROW = 28;
  const BAR = 16;
  const HEAD = 8;
  const ROWS_SHOWN = 10;
  const EVENTS_IN_TIME = 600; // on the time axis; more of them would be a grey bar

  class Lanes {
    constructor(box, history, model, pick) {
      this.box = box;
      this.history = history;
      this.model = model;
      this.pick = pick; // called with the event and the lane of a click
      this.axis = "event";
      this.i = 0;
      this.left = 0; // first event shown, on the event axis
      this.waiting = false;
      this.canvas = box.querySelector("canvas");
      this.spacer = box.querySelector(".lanes-height");
      this.spacer.style.height = model.lanes.length * ROW + HEAD * 2 + "px";
      const shown = Math.min(model.lanes.length, ROWS_SHOWN);
      this.height = shown * ROW + HEAD * 2;
      box.style.height = this.height + "px";
      this.scrolled = 0; // kept here: to ask the box would lay out the page
      box.addEventListener("scroll", () => {
        this.scrolled = box.scrollTop;
        this.later();
      }, { passive: true });
      this.canvas.addEventListener("click", (event) => this.clicked(event));
      new ResizeObserver(() => this.later()).observe(box);
    }

    show(i) {
      this.i = i;
      this.follow(i);
      this.later();
    }

    setAxis(axis) {
      this.axis = axis;
      this.later();
    }

    later() {
      if (this.waiting) return;
      this.waiting = true;
      requestAnimationFrame(() => {
        this.waiting = false;
        this.paint();
      });
    }

    // Scrolls the lane of the event's task into view.
    follow(i) {
      const event = this.history.events[i];
      if (!event.task || this.model.lanes.length <= ROWS_SHOWN) return;
      const top = this.model.rowOfTask(event.task) * ROW;
      if (top < this.scrolled || top > this.scrolled + this.height - ROW * 2) {
        const most = this.model.lanes.length * ROW + HEAD * 2 - this.height;
        this.scrolled = Math.max(0, Math.min(most, top - this.height / 2));
        this.moved = true;
      }
    }

    // ---- where things are ------------------------------------------------------

    measure() {
      this.width = this.box.clientWidth;
      this.label = this.width < 480 ? 84 : 132;
      this.room = this.width - this.label - 8;
      const events = this.history.last + 1;
      this.step = Math.max(9, Math.min(30, this.room / events));
      this.seen = Math.ceil(this.room / this.step);
      const most = Math.max(0, events - this.seen + 1);
      if (this.i < this.left + 2 || this.i > this.left + this.seen - 4) {
        this.left = this.i - Math.floor(this.seen / 2);
      }
      this.left = Math.max(0, Math.min(most, this.left));
      this.measureTime();
    }

    // The time axis shows the whole run, or of a long one the part around the
    // current event; it stays where it is while the event stands inside it.
    measureTime() {
      const { events, last } = this.history;
      if (this.first !== undefined && (last < EVENTS_IN_TIME || (this.i > this.first && this.i < this.final))) return;
      this.first = last < EVENTS_IN_TIME ? 0 : Math.max(0, this.i - EVENTS_IN_TIME / 2);
      this.final = Math.min(last, this.first + EVENTS_IN_TIME);
      this.from = this.first === 0 ? 0 : events[this.first].t;
      this.span = Math.max(1, events[this.final].t - this.from);
    }

    x(i) {
      if (this.axis === "event") return this.label + (i - this.left) * this.step;
      const event = this.history.events[Math.min(i, this.history.last)];
      const tail = i > this.history.last ? 1 : 0;
      return this.label + ((event.t - this.from) / this.span) * (this.room - 4) + tail * 4;
    }

    range() {
      if (this.axis === "time") return [this.first, this.final + 1];
      return [this.left, Math.min(this.history.last + 1, this.left + this.seen)];
    }

    clicked(event) {
      const at = this.canvas.getBoundingClientRect();
      const x = event.clientX - at.left;
      const row = Math.floor((event.clientY - at.top - HEAD + this.scrolled) / ROW);
      const lane = this.model.lanes[row];
      if (x < this.label) return this.pick(null, lane);
      this.pick(this.eventAt(x), lane);
    }

    eventAt(x) {
      if (this.axis === "event") {
        return Math.max(0, Math.min(this.history.last, this.left + Math.floor((x - this.label) / this.step)));
      }
      const t = this.from + ((x - this.label) / (this.room - 4)) * this.span;
      return Math.max(0, LoopHistory.lastAtMost(this.history.events, t, (event) => event.t));
    }

    // ---- painting ----------------------------------------------------------------

    paint() {
      if (this.moved) this.box.scrollTop = this.scrolled;
      this.moved = false;
      this.measure();
      if (this.room < 20) return;
      const scale = window.devicePixelRatio || 1;
      this.canvas.width = Math.round(this.width * scale);
      this.canvas.height = Math.round(this.height * scale);
      this.canvas.style.width = this.width + "px";
      this.canvas.style.height = this.height + "px";
      const c = this.canvas.getContext("2d");
      c.setTransform(scale, 0, 0, scale, 0, 0);
      this.colours();
      c.font = "12px " + this.font;
      c.textBaseline = "middle";
      const first = Math.floor(this.scrolled / ROW);
      const last = Math.min(this.model.lanes.length - 1, first + Math.ceil(this.height / ROW));
      this.top = HEAD - this.scrolled;
      this.rows = [first, last];
      this.playhead(c);
      c.save();
      c.beginPath();
      c.rect(this.label, 0, this.room + 8, this.height);
      c.clip();
      for (let row = first; row <= last; row++) this.lane(c, this.model.lanes[row]);
      this.arrows(c);
      c.restore();
      for (let row = first; row <= last; row++) this.name(c, this.model.lanes[row]);
    }

    colours() {
      const style = getComputedStyle(this.box);
      const read = (name) => style.getPropertyValue(name).trim();
      this.ink = read("--ink");
      this.soft = read("--soft");
      this.line = read("--line");
      this.fill = read("--raised");
      this.accent = read("--accent");
      this.onAccent = read("--on-accent");
      this.tint = read("--tint");
      this.font = style.fontFamily;
    }

    middle(row) {
      return this.top + row * ROW + ROW / 2;
    }

    playhead(c) {
      const x = this.x(this.i);
      c.fillStyle = this.tint;
      c.fillRect(x, 0, this.axis === "event" ? this.step : 3, this.height);
      c.fillStyle = this.accent;
      c.fillRect(x, 0, 2, this.height);
    }

    name(c, lane) {
      c.fillStyle = lane.kind === "child" ? this.soft : this.ink;
      let text = lane.label;
      while (text.length > 3 && c.measureText(text).width > this.label - 12) text = text.slice(0, -2) + "…";
      c.fillText(text, 4 + (lane.kind === "child" ? 6 : 0), this.middle(lane.row));
    }

    lane(c, lane) {
      const [from, to] = this.range();
      const y = this.middle(lane.row);
      c.strokeStyle = this.line;
      c.lineWidth = 1;
      c.beginPath();
      c.moveTo(this.label, y + ROW / 2 - 0.5);
      c.lineTo(this.width, y + ROW / 2 - 0.5);
      c.stroke();
      const begin = Math.max(0, LoopHistory.lastAtMost(lane.stretches, from, (one) => one.from));
      let painted = -1;
      for (let n = begin; n < lane.stretches.length; n++) {
        const one = lane.stretches[n];
        if (one.from >= to) break;
        if (one.to <= from) continue;
        const x = this.x(one.from), right = this.x(one.to);
        if (right - x < 1 && Math.floor(x) === painted) continue; // that pixel is painted
        painted = Math.floor(x);
        this.stretch(c, one, x, Math.max(2, right - x), y);
      }
    }

    stretch(c, one, x, width, y) {
      const top = y - BAR / 2;
      switch (one.what) {
        case "polling": this.box_(c, x, top, width, this.accent); break;
        case "job": this.box_(c, x, top, width, this.soft); break;
        case "ready": this.outline(c, x, top, width, true); break;
        case "turn": this.outline(c, x, top, width, false); break;
        case "park": this.sleep(c, x, y, width); break;
        case "waiting": this.dots(c, x, y, width); break;
        default: this.endMark(c, one.what, x, y); return;
      }
      this.caption(c, one, x, width, y);
    }

    box_(c, x, y, width, colour) {
      c.fillStyle = colour;
      c.beginPath();
      c.roundRect(x + 1, y, Math.max(1, width - 2), BAR, Math.min(4, width / 3));
      c.fill();
    }

    outline(c, x, y, width, striped) {
      c.strokeStyle = striped ? this.accent : this.soft;
      c.lineWidth = 1.5;
      c.save();
      c.beginPath();
      c.roundRect(x + 1.75, y + 0.75, Math.max(1, width - 3.5), BAR - 1.5, Math.min(4, width / 3));
      c.fillStyle = this.fill;
      c.fill();
      c.stroke();
      if (striped && width > 6) {
        c.clip();
        c.globalAlpha = 0.45;
        c.lineWidth = 1;
        c.beginPath();
        for (let s = Math.max(x, this.label) - BAR; s < Math.min(x + width, this.width); s += 5) {
          c.moveTo(s, y + BAR);
          c.lineTo(s + BAR, y);
        }
        c.stroke();
      }
      c.restore();
    }

    sleep(c, x, y, width) {
      c.fillStyle = this.soft;
      c.fillRect(x + 1, y - 2, Math.max(1, width - 2), 4);
    }

    dots(c, x, y, width) {
      c.strokeStyle = this.soft;
      c.lineWidth = 2;
      c.lineCap = "round";
      c.setLineDash([0, 6]);
      c.beginPath();
      c.moveTo(Math.max(x, this.label) + 4, y);
      c.lineTo(Math.min(x + width, this.width) - 2, y);
      c.stroke();
      c.setLineDash([]);
      c.lineCap = "butt";
    }

    endMark(c, what, x, y) {
      c.strokeStyle = this.ink;
      c.lineWidth = 2;
      c.beginPath();
      if (what === "returned") {
        c.moveTo(x + 2, y);
        c.lineTo(x + 5, y + 4);
        c.lineTo(x + 10, y - 5);
      } else {
        c.moveTo(x + 2, y - 4);
        c.lineTo(x + 10, y + 4);
        c.moveTo(x + 10, y - 4);
        c.lineTo(x + 2, y + 4);
      }
      c.stroke();
    }

    caption(c, one, x, width, y) {
      const left = Math.max(x, this.label);
      const room = Math.min(x + width, this.width) - left - 8;
      const need = c.measureText(one.text).width;
      if (need > room) return;
      if (one.what === "waiting" || one.what === "park" || one.what === "ready") {
        c.fillStyle = this.fill;
        c.fillRect(left + 6, y - 6, need + 8, 12);
        c.fillStyle = one.what === "ready" ? this.ink : this.soft;
      } else c.fillStyle = one.what === "turn" ? this.ink : this.onAccent;
      c.fillText(one.text, left + (one.what === "polling" || one.what === "job" || one.what === "turn" ? 6 : 10), y + 0.5);
    }

    // A wake goes from its cause to the task; hollow if it did nothing.
    arrows(c) {
      const [from, to] = this.range();
      const wakes = this.model.wakes;
      let n = Math.max(0, LoopHistory.lastAtMost(wakes, from, (wake) => wake.i));
      let painted = -1;
      for (; n < wakes.length && wakes[n].i < to; n++) {
        const x = this.x(wakes[n].i) + Math.min(this.step / 2, 6);
        if (this.axis === "time" && Math.floor(x) === painted) continue;
        painted = Math.floor(x);
        this.arrow(c, wakes[n], x);
      }
    }

    arrow(c, wake, x) {
      const [first, last] = this.rows;
      if (wake.to < first || wake.to > last) return;
      const down = wake.to >= wake.from;
      const self = wake.from === wake.to; // only a head, above the bar
      const start = this.middle(wake.from);
      const tip = this.middle(wake.to) + (down ? -BAR / 2 : BAR / 2);
      c.strokeStyle = c.fillStyle = this.ink;
      c.lineWidth = 1.5;
      c.setLineDash(wake.hollow ? [3, 3] : []);
      c.beginPath();
      c.moveTo(x, self ? tip : start + (down ? BAR / 2 : -BAR / 2));
      c.lineTo(x, tip);
      c.stroke();
      c.setLineDash([]);
      const back = down ? -6 : 6;
      c.beginPath();
      c.moveTo(x, tip);
      c.lineTo(x - 4, tip + back);
      c.lineTo(x + 4, tip + back);
      c.closePath();
      if (wake.hollow) {
        c.fillStyle = this.fill;
        c.fill();
        c.stroke();
      } else c.fill();
    }
  }

  return { Lanes };
})();
