"""What the recorder knows of a run of asyncio's loop: the events so far, the
numbers it gave to tasks, timers and jobs, and the task or callback that runs.

An event is appended in the order in which things happen, over all threads.
record.py wraps parts of the loop, which call this.
"""

import asyncio
import selectors
import threading
import time
import weakref

from loop_reading import CALLS, how_ended, name_of_call, place, place_of, task_of

SECOND = 1_000_000_000


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
    """The events so far, and the task or callback that runs."""

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
        self.messages = 0  # from other threads, not drained yet
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
        if handle in self.timers.known and not handle._cancelled:
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
            self.messages += 1
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
            self.turns += not self.quiet
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
        """Returns what caused a callback: a timer, a thread's job, or the loop."""
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
        hold = set(waits)
        for wait in self.waits.get(task, []):
            if wait not in hold and wait not in self.over and wait[0] != "other":
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
        """Records the loop's one blocking call."""
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
            self.inbox_drained()
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

    def inbox_drained(self):
        messages, self.messages = self.messages, 0
        if messages:
            self.emit("inbox.drain", n=messages)
