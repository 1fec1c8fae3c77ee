#!/usr/bin/env python3
"""Records what asyncio's event loop does, as a loop-trace/1 file.

    python3 record.py [--virtual] OUT.json SCRIPT.py [ARGUMENT ...]

Runs any script as `python3 SCRIPT.py` would and writes OUT.json when it ends.
If OUT ends in .js, the same trace is written as a script that a page opened
from disk can load. With --virtual the loop's clock jumps to the next deadline
instead of waiting, so that a program without sockets and threads always gives
the same trace.

Nothing of asyncio is replaced: the recorder stands at the doors of
BaseEventLoop (its ready queue, its timers, its selector) and writes down who
comes through. Needs CPython 3.9 to 3.13 and its standard library only; the
loops recorded are those of the main thread.
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
import selectors
import sys
import threading
import time
import traceback
import weakref

SECOND = 1_000_000_000
LIBRARY = os.path.dirname(os.path.abspath(asyncio.__file__))
# What asyncio.run does after the program has ended is left out of the trace.
HOUSEKEEPING = ("shutdown_asyncgens", "shutdown_default_executor")
# Python's own words for some callbacks, and ours.
CALLS = {
    "_set_result_unless_cancelled": "end of a sleep",
    "gather.<locals>._done_callback": "gather: one has ended",
    "_gather.<locals>._done_callback": "gather: one has ended",
    "_run_until_complete_cb": "stop the loop",
    "_chain_future.<locals>._set_state": "hand over the job's result",
    "_chain_future.<locals>._call_set_state": "the job has a result",
    "_release_waiter": "time is up",
    "Timeout._on_timeout": "time is up",
}


class Numbers:
    """Gives each object a number from 1, in the order of their appearance."""

    def __init__(self):
        self.known = weakref.WeakKeyDictionary()
        self.count = 0

    def of(self, thing):
        """The number, and whether the object was new."""
        number = self.known.get(thing)
        if number is not None:
            return number, False
        self.count += 1
        self.known[thing] = self.count
        return self.count, True


class Recorder:
    """The events so far, and who is being run at the moment."""

    def __init__(self, virtual):
        self.virtual = virtual
        self.events = []
        self.lock = threading.RLock()
        self.begin = time.monotonic_ns()
        self.virtual_now = 0
        self.main_thread = threading.get_ident()
        self.threads = {self.main_thread: 0}
        self.stage = "idle"  # then "running", and "closing" after loop.close
        self.quiet = False
        self.turns = 0
        self.turn_is_due = False
        self.tasks_queued = 0
        self.cause = "loop"
        self.tasks = Numbers()
        self.done = weakref.WeakSet()
        self.calls = Numbers()  # of handles that step no task
        self.timers = Numbers()  # of timer handles
        self.timer_for = weakref.WeakKeyDictionary()  # future -> timer
        self.jobs = 0
        self.jobs_running = 0
        self.job_for = weakref.WeakKeyDictionary()  # future -> job
        self.letters = 0  # from other threads, not taken out yet
        self.sources = {}  # file descriptor -> source
        self.sources_seen = 0
        self.waits = weakref.WeakKeyDictionary()  # task -> what it waits for
        self.over = set()  # waits that ended by themselves

    def now(self):
        if self.virtual:
            return self.virtual_now
        return time.monotonic_ns() - self.begin

    def emit(self, kind, /, **fields):
        """Appends one event. Its number is its place: the lock makes it true
        for other threads too."""
        if self.quiet:
            return
        with self.lock:
            if self.stage == "idle" and kind != "loop.close":
                self.stage = "running"
                self.emit("run.start")
            event = {"i": len(self.events), "t": self.now(), "k": kind}
            thread = self.thread()
            if thread:
                event["th"] = thread
            event.update(fields)
            self.events.append(event)

    def thread(self):
        return self.threads.setdefault(threading.get_ident(), len(self.threads))

    # ---- the run -----------------------------------------------------------

    def run_ended(self, how):
        if self.stage == "running":
            self.emit("run.end", how=how)
            self.stage = "idle"

    def closing(self):
        if self.stage != "closing":
            self.emit("loop.close")
            self.stage = "closing"

    def closed(self):
        self.closing()
        self.emit("loop.closed")
        self.stage = "idle"

    # ---- the ready queue ---------------------------------------------------

    def pushed(self, handle):
        """A handle went to the back of the loop's queue."""
        if handle in self.timers.known:
            timer = self.timers.of(handle)[0]
            self.emit("timer.fire", timer=timer)
            self.over.add(("timer", timer))
        task = task_of(handle)
        if task is None:
            return self.pushed_call(handle)
        number, new = self.number_of(task)
        if not new:
            self.emit("wake", task=number, by=self.cause, effect="queued")
        self.tasks_queued += 1
        self.emit("ready.push", task=number)

    def pushed_call(self, handle):
        name = name_of_call(handle._callback)
        if name.endswith("._read_from_self"):
            return  # the loop emptying its own pipe
        if threading.get_ident() != self.main_thread:
            self.letters += 1
            self.emit("inbox.push", task=None, what="call")
        number, _ = self.calls.of(handle)
        self.emit("call.push", call=number, name=CALLS.get(name, name))

    def number_of(self, task):
        """The task's number; a task that is new is told first."""
        number, new = self.tasks.of(task)
        if new:
            name = task.get_name()
            if name.startswith("Task-"):
                name = getattr(task.get_coro(), "__name__", name)
            self.emit("task.spawn", task=number, name=name,
                      parent=self.current(task), at=place())
        return number, new

    def current(self, other=None):
        """The number of the task that runs now, or None."""
        try:
            task = asyncio.current_task()
        except RuntimeError:
            return None
        if task is None or task is other:
            return None
        return self.tasks.of(task)[0]

    def popped(self, handle):
        """The loop took a handle from the front of its queue to run it."""
        if self.turn_is_due:
            self.turn_is_due = False
            self.turns += 1
            self.emit("turn", n=self.turns, ready=self.tasks_queued)
        if task_of(handle) is not None:
            self.tasks_queued -= 1
        elif handle._cancelled and handle in self.calls.known:
            self.emit("call.drop", call=self.calls.of(handle)[0])

    def run(self, handle, run):
        """Runs a handle between two events."""
        task = task_of(handle)
        if task is not None:
            return self.poll(task, run, handle)
        if handle not in self.calls.known:
            return run(handle)
        number, _ = self.calls.of(handle)
        self.emit("call.start", call=number)
        self.cause = self.cause_of(handle)
        try:
            return run(handle)
        finally:
            self.cause = "loop"
            self.emit("call.end", call=number)

    def cause_of(self, handle):
        """Who stands behind a callback: a timer, a thread's job, or the loop."""
        if handle in self.timers.known:
            return {"timer": self.timers.of(handle)[0]}
        for thing in handle._args or ():
            if isinstance(thing, asyncio.Task) and thing.done():
                return {"task": self.number_of(thing)[0]}
            if isinstance(thing, asyncio.Future) and thing in self.job_for:
                return {"job": self.job_heard_of(self.job_for[thing])}
        return "loop"

    def job_heard_of(self, job):
        if ("job", job) not in self.over:
            self.over.add(("job", job))
            self.emit("pool.done", job=job)
        return job

    def poll(self, task, run, handle):
        number, _ = self.number_of(task)
        self.emit("poll.start", task=number)
        self.cause = {"task": number}
        try:
            return run(handle)
        finally:
            self.cause = "loop"
            ended = task.done() and task not in self.done
            if not ended:
                self.tell_waits(task, number)
            self.emit("poll.end", task=number, result="ready" if ended else "pending")
            if ended:
                self.done.add(task)
                self.over.add(("task", number))
                self.emit("task.done", task=number, how=how_ended(task))

    # ---- what a task waits for ---------------------------------------------

    def tell_waits(self, task, number):
        """Tells what the task waits for now, and what it has given up."""
        waits = self.waits_of(task)
        at = place_of(task)
        for wait in self.waits.get(task, []):
            if wait not in waits and wait not in self.over and wait[0] != "other":
                self.emit("await.end", task=number, on=dict([wait]))
        for wait in waits:
            self.emit("await", task=number, on=dict([wait]), **at)
        self.waits[task] = waits

    def waits_of(self, task):
        waiter = getattr(task, "_fut_waiter", None)
        if waiter is None:
            return []
        children = getattr(waiter, "_children", None)
        things = children if isinstance(children, (list, tuple)) else [waiter]
        return [self.name_of(thing) for thing in things if not thing.done()]

    def name_of(self, thing):
        """What a future stands for: ("timer", 1), ("task", 2), …"""
        if isinstance(thing, asyncio.Task):
            return ("task", self.number_of(thing)[0])
        if thing in self.timer_for:
            return ("timer", self.timer_for[thing])
        if thing in self.job_for:
            return ("job", self.job_for[thing])
        return ("other", "a future")

    # ---- timers ------------------------------------------------------------

    def timer_added(self, handle):
        number, _ = self.timers.of(handle)
        for thing in handle._args or ():
            if isinstance(thing, asyncio.Future):
                self.timer_for[thing] = number
        self.emit("timer.add", timer=number, task=self.current(),
                  deadline=round(handle._when * SECOND))

    def timer_cancelled(self, handle):
        if handle._scheduled and handle in self.timers.known:
            number, _ = self.timers.of(handle)
            self.over.add(("timer", number))
            self.emit("timer.cancel", timer=number)

    # ---- thread jobs -------------------------------------------------------

    def submitted(self, function):
        """The job's number, and the function with events around it."""
        with self.lock:
            self.jobs += 1
            self.jobs_running += 1
            job = self.jobs
        self.emit("pool.submit", job=job, task=self.current(), at=place())

        def recorded(*args):
            self.emit("pool.start", job=job)
            result = "panic"
            try:
                value = function(*args)
                result = "ok"
                return value
            finally:
                self.emit("pool.end", job=job, result=result)
                with self.lock:
                    self.jobs_running -= 1

        return job, recorded

    # ---- sockets -----------------------------------------------------------

    def source(self, file):
        """The number of a socket; a new one is told first."""
        key = file if isinstance(file, int) else file.fileno()
        if key not in self.sources:
            self.sources_seen += 1
            self.sources[key] = self.sources_seen
            self.emit("io.register", src=self.sources_seen, kind="socket", addr=None)
        return self.sources[key]

    def interest(self, file, events):
        source = self.source(file)
        task = self.current()
        if task is None:
            return  # a transport's: it feeds a buffer, and no task by itself
        for bit, direction in ((selectors.EVENT_READ, "read"),
                               (selectors.EVENT_WRITE, "write")):
            if events & bit:
                self.emit("io.interest", src=source, task=task, dir=direction)

    def forget(self, file):
        key = file if isinstance(file, int) else file.fileno()
        if key in self.sources:
            self.emit("io.deregister", src=self.sources.pop(key))

    def io_event(self, key, mask):
        self.emit("io.event", src=self.source(key.fileobj),
                  readable=bool(mask & selectors.EVENT_READ),
                  writable=bool(mask & selectors.EVENT_WRITE), closed=False)

    # ---- waiting -----------------------------------------------------------

    def select(self, loop, select, timeout):
        """Stands around the loop's one blocking call."""
        self.turn_is_due = True
        parks = timeout is None or timeout > 0
        until = round(loop._scheduled[0]._when * SECOND) if loop._scheduled else None
        if parks:
            self.emit("park.start", until=until)
        found = self.wait(select, timeout, until if parks else None, parks)
        sockets = [(key, mask) for key, mask in found if key.fd != loop._ssock.fileno()]
        if parks:
            cause = "io" if sockets else "wake" if found else "timer"
            self.emit("park.end", cause=cause)
        if len(found) > len(sockets):
            self.mail_taken()
        for key, mask in sockets:
            self.io_event(key, mask)
        return found

    def wait(self, select, timeout, until, parks):
        """Virtual time jumps to the deadline, unless something may still
        happen that takes real time: a job in a thread, a socket."""
        if not (self.virtual and parks) or self.quiet:
            return select(timeout)
        if until is None or self.jobs_running:
            return select(None)
        found = select(0)
        if not found:
            self.virtual_now = max(self.virtual_now, until)
        return found

    def mail_taken(self):
        letters, self.letters = self.letters, 0
        if letters:
            self.emit("inbox.drain", n=letters)


# ---- reading asyncio's objects ---------------------------------------------


def task_of(handle):
    """The task that a handle steps, if it is one that steps a task."""
    task = getattr(handle._callback, "__self__", None)
    return task if isinstance(task, asyncio.Task) else None


def name_of_call(callback):
    while hasattr(callback, "func"):
        callback = callback.func
    return getattr(callback, "__qualname__", None) or type(callback).__name__


def how_ended(task):
    if task.cancelled():
        return "cancelled"
    return "panicked" if task.exception() is not None else "returned"


def is_ours(path):
    return os.path.abspath(path) == os.path.abspath(__file__)


def place():
    """The line of the program that is being run, outside asyncio and this file."""
    for frame, line in traceback.walk_stack(sys._getframe()):
        path = frame.f_code.co_filename
        if not (is_ours(path) or path.startswith(LIBRARY) or path.startswith("<")):
            return "%s:%d" % (os.path.basename(path), line)
    return None


def place_of(task):
    """Where a waiting task stands: its outermost coroutine's line."""
    frame = getattr(task.get_coro(), "cr_frame", None)
    if frame is None:
        return {}
    path = frame.f_code.co_filename
    if path.startswith(LIBRARY):
        return {}
    return {"at": "%s:%d" % (os.path.basename(path), frame.f_lineno)}


# ---- the doors -------------------------------------------------------------


class Queue(collections.deque):
    """The loop's ready queue, with somebody at both ends."""

    recorder = None

    def append(self, handle):
        self.recorder.pushed(handle)  # first: it may be run as soon as it is there
        super().append(handle)

    def popleft(self):
        handle = super().popleft()
        self.recorder.popped(handle)
        return handle


class Selector:
    """The loop's selector, with somebody at `select`."""

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
    """Puts the recorder at the doors of every loop made from now on."""
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


def run_script(script, arguments):
    """Runs a script as the interpreter would; returns its exit code."""
    sys.argv = [script] + arguments
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    with open(script, encoding="utf-8") as file:
        code = compile(file.read(), script, "exec")
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
    recorder = Recorder(options.virtual)
    instrument(recorder)
    code = run_script(options.script, options.arguments)
    write(options.out, trace_of(recorder, options.script, options.arguments))
    return code


if __name__ == "__main__":
    sys.exit(main())
