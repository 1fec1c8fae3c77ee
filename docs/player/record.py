#!/usr/bin/env python3
"""Records what asyncio's event loop does, as a loop-trace/1 file.

    python3 record.py [--virtual] OUT.json SCRIPT.py [ARGUMENT ...]

Runs any script as `python3 SCRIPT.py` would and writes OUT.json when it ends.
If OUT ends in .js, the same trace is written as a script that a page opened
from disk can load. With --virtual the loop's clock jumps to the next deadline
instead of waiting, so that a program without sockets and threads always gives
the same trace.

Nothing of asyncio is replaced: this file wraps the ready queue, the timers and
the selector of BaseEventLoop, and loop_recorder.py records what passes through. Needs CPython 3.9 to 3.13 and its standard
library only; the loops recorded are those of the main thread.
"""

import argparse
import asyncio
import asyncio.base_events
import asyncio.events
import asyncio.runners
import asyncio.selector_events
import builtins
import collections
import io
import json
import os
import sys
import threading
import traceback

sys.dont_write_bytecode = True  # leave no __pycache__ beside the page

from loop_reading import place  # noqa: E402
from loop_recorder import SECOND, Recorder  # noqa: E402

# What asyncio.run does after the program has ended is left out of the trace.
HOUSEKEEPING = ("shutdown_asyncgens", "shutdown_default_executor")


# ---- the wrappers ----------------------------------------------------------


class Queue(collections.deque):
    """The loop's ready queue, observed at both ends."""

    recorder = None

    def append(self, handle):
        self.recorder.pushed(handle)  # first: it may be run as soon as it is there
        super().append(handle)

    def popleft(self):
        handle = super().popleft()
        self.recorder.popped(handle)
        return handle


class Selector:
    """The loop's selector, observed at `select`."""

    def __init__(self, inner, loop, recorder):
        self.inner, self.loop, self.recorder = inner, loop, recorder

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def select(self, timeout=None):
        return self.recorder.select(self.loop, self.inner.select, timeout)

    def register(self, file, events, data=None):
        if file is not self.loop._ssock and file != self.loop._ssock.fileno():
            self.recorder.interest(file, events)
        return self.inner.register(file, events, data)

    def modify(self, file, events, data=None):
        self.recorder.interest(file, events)
        return self.inner.modify(file, events, data)

    def unregister(self, file):
        self.recorder.forget(file)
        return self.inner.unregister(file)


def instrument(recorder):
    """Attaches the recorder to every loop made from now on."""
    base = asyncio.base_events.BaseEventLoop
    around_loops(recorder)
    around_runs(recorder, base)
    around_handles(recorder)
    around_timers(recorder, base)
    around_threads(recorder, base)
    around_print(recorder)


def around_loops(recorder):
    class Task(asyncio.Task):
        def cancel(self, *args, **named):
            recorder.emit("task.cancel", task=recorder.number_of(self)[0])
            return super().cancel(*args, **named)

    def attach(loop):
        queue = Queue(loop._ready)
        queue.recorder = recorder
        loop._ready = queue
        loop._selector = Selector(loop._selector, loop, recorder)
        if recorder.virtual:
            loop.time = lambda: recorder.virtual_now / SECOND
        else:
            loop.time = lambda: recorder.now() / SECOND
        loop.set_task_factory(lambda loop, coro, **named: Task(coro, loop=loop, **named))

    selector_loop = asyncio.selector_events.BaseSelectorEventLoop
    original = selector_loop.__init__

    def init(self, *args, **named):
        original(self, *args, **named)
        if threading.get_ident() == recorder.main_thread:
            attach(self)

    selector_loop.__init__ = init


def around_runs(recorder, base):
    run, close = base.run_until_complete, base.close
    cancel_all = asyncio.runners._cancel_all_tasks

    def run_until_complete(self, future):
        if not isinstance(self._ready, Queue):
            return run(self, future)
        recorder.quiet = getattr(future, "__name__", "") in HOUSEKEEPING
        how = "panicked"
        try:
            value = run(self, future)
            how = "returned"
            return value
        finally:
            if not recorder.quiet:
                recorder.run_ended(how)
            recorder.quiet = False

    def cancel_all_tasks(loop):
        if isinstance(loop._ready, Queue):
            recorder.closing()
        return cancel_all(loop)

    def close_loop(self):
        recorded = isinstance(self._ready, Queue) and not self.is_closed()
        recorder.quiet = recorded
        try:
            return close(self)
        finally:
            recorder.quiet = False
            if recorded:
                recorder.closed()

    base.run_until_complete = run_until_complete
    base.close = close_loop
    asyncio.runners._cancel_all_tasks = cancel_all_tasks


def around_handles(recorder):
    original = asyncio.events.Handle._run
    asyncio.events.Handle._run = lambda self: (
        recorder.run(self, original)
        if isinstance(self._loop._ready, Queue) else original(self))


def around_timers(recorder, base):
    add, cancelled = base.call_at, base._timer_handle_cancelled

    def call_at(self, when, callback, *args, **named):
        handle = add(self, when, callback, *args, **named)
        if isinstance(self._ready, Queue):
            recorder.timer_added(handle)
        return handle

    def timer_handle_cancelled(self, handle):
        recorder.timer_cancelled(handle)
        return cancelled(self, handle)

    base.call_at = call_at
    base._timer_handle_cancelled = timer_handle_cancelled


def around_threads(recorder, base):
    original = base.run_in_executor

    def run_in_executor(self, executor, func, *args):
        if not isinstance(self._ready, Queue):
            return original(self, executor, func, *args)
        job, recorded = recorder.submitted(func)
        future = original(self, executor, recorded, *args)
        recorder.job_for[future] = job
        return future

    base.run_in_executor = run_in_executor


def around_print(recorder):
    original = builtins.print

    def recorded(*values, **named):
        original(*values, **named)
        if named.get("file") not in (None, sys.stdout) or recorder.stage == "idle":
            return
        if threading.get_ident() == recorder.main_thread:
            task = recorder.current()
        else:
            task = None
        text = io.StringIO()
        original(*values, sep=named.get("sep", " "), end="", file=text)
        for line in text.getvalue().split("\n"):
            recorder.emit("print", task=task, text=line, at=place())

    builtins.print = recorded


# ---- the command -----------------------------------------------------------


def trace_of(recorder, script, arguments):
    return {
        "schema": "loop-trace/1",
        "program": os.path.splitext(os.path.basename(script))[0],
        "args": arguments,
        "lang": "python",
        "runtime": "asyncio",
        "version": "CPython %d.%d.%d" % sys.version_info[:3],
        "clock": "virtual" if recorder.virtual else "monotonic",
        "unit": "ns",
        "sites": [],
        "dropped": 0,
        "events": recorder.events,
    }


def text_of(trace):
    """The trace as JSON, an event a line, so that a diff can be read."""
    line = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    header = {name: trace[name] for name in trace if name != "events"}
    events = ",\n".join(line(event) for event in trace["events"])
    return line(header)[:-1] + ',"events":[\n' + events + "\n]}"


def write(out, trace):
    text = text_of(trace)
    if out.endswith(".js"):
        name = os.path.basename(out)[: -len(".js")]
        text = "loopTrace(%s, %s);" % (json.dumps(name), text)
    with open(out, "w", encoding="utf-8") as file:
        file.write(text + "\n")


def compiled(script):
    """The code of a script, or the end of this program with the reason."""
    try:
        with open(script, encoding="utf-8") as file:
            return compile(file.read(), script, "exec")
    except (OSError, SyntaxError, ValueError) as error:
        sys.exit("record.py: %s cannot be run: %s" % (script, error))


def run_script(script, code, arguments):
    """Runs a script as the interpreter would; returns its exit code."""
    sys.argv = [script] + arguments
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    try:
        exec(code, {"__name__": "__main__", "__file__": script, "__builtins__": builtins})
    except SystemExit as leave:
        if leave.code is None or isinstance(leave.code, int):
            return leave.code or 0
        sys.stderr.write("%s\n" % leave.code)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main():
    parser = argparse.ArgumentParser(description="Record asyncio's event loop.")
    parser.add_argument("--virtual", action="store_true",
                        help="let the loop's clock jump instead of waiting")
    parser.add_argument("out", help="the file to write: .json, or .js for the player")
    parser.add_argument("script", help="the program to run")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="its arguments")
    options = parser.parse_args()
    code = compiled(options.script)
    recorder = Recorder(options.virtual)
    instrument(recorder)
    status = run_script(options.script, code, options.arguments)
    try:
        write(options.out, trace_of(recorder, options.script, options.arguments))
    except OSError as error:
        sys.exit("record.py: the recording cannot be written: %s" % error)
    return status


if __name__ == "__main__":
    sys.exit(main())
