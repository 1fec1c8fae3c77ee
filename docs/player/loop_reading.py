"""Reads asyncio's objects: which task a handle steps, what a callback is called,
how a task ended, and which line of the program is being run.

Nothing here changes what it reads. Called by loop_recorder.py.
"""

import asyncio
import os
import sys
import traceback

LIBRARY = os.path.dirname(os.path.abspath(asyncio.__file__))
OURS = ("record.py", "loop_recorder.py", "loop_reading.py")
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
    here = os.path.dirname(os.path.abspath(__file__))
    return os.path.abspath(path) in (os.path.join(here, name) for name in OURS)


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
