"""CPython's event loop under virtual time, and what a program acts on there.

The counterpart of `world.rs`: the same steps, the same lines. Programs are
functions `program_N(w)`, appended below by `python.rs`.
"""

import asyncio
import contextvars
import sys

VAR = contextvars.ContextVar("var")


class Stalled(BaseException):
    """Nothing can ever happen again."""


class Boom(Exception):
    """Stands for a panic."""


class Failed(Exception):
    """Stands for an `Err`."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Jumps to the next deadline instead of waiting for it."""

    def __init__(self):
        super().__init__()
        self.clock = 0.0
        # A deadline counts as due when it is before "now and this". Deadlines
        # are whole numbers.
        self._clock_resolution = 0.5
        real = self._selector.select
        self._selector.select = lambda timeout=None: self.jump(timeout) or real(0)

    def time(self):
        return self.clock

    def jump(self, timeout):
        if timeout is None:
            raise Stalled
        if timeout > 0:
            self.clock = self._scheduled[0]._when


class Handle:
    """Awaits a task; cancelling the awaiting task does not cancel it."""

    _asyncio_future_blocking = False

    def __init__(self, task):
        self.task = task

    def get_loop(self):
        return self.task.get_loop()

    def add_done_callback(self, callback, *, context=None):
        # The task's own result must not be thrown into the awaiting task.
        self.callback, self.context = callback, context
        self.told = lambda task: callback(self)
        self.task.add_done_callback(self.told, context=context)

    def cancel(self, msg=None):
        if self.task.done():
            return False
        self.task.remove_done_callback(self.told)
        gone = self.get_loop().create_future()
        gone.cancel()
        gone.add_done_callback(self.callback, context=self.context)
        return True

    def result(self):
        return None

    def __await__(self):
        if not self.task.done():
            self._asyncio_future_blocking = True
            yield self


class Shared:
    def __init__(self):
        self.log = []
        self.over = False
        self.tasks = {}
        self.busy = set()
        self.locks = [asyncio.Lock(), asyncio.Lock()]
        self.semaphores = [asyncio.Semaphore(1), asyncio.Semaphore(2)]
        self.events = [asyncio.Event(), asyncio.Event()]
        self.queues = [asyncio.Queue(), asyncio.Queue()]


def told(outcome):
    return f"{outcome[0]} {outcome[1]}"


def ended(task):
    if task.cancelled():
        return "cancelled"
    return "panic" if task.exception() else told(task.result())


class Made:
    """A body that was not started yet. Unlike a coroutine it may stay so."""

    def __init__(self, world, steps):
        self.world, self.steps = world, steps

    async def run(self):
        w = self.world
        w.say("in")
        try:
            try:
                await self.steps(w)
            finally:
                w.say("out")
        except Failed:
            return ("err", w.id)
        return ("ok", w.id)


class World:
    def __init__(self, shared, id):
        self.shared, self.id = shared, id

    def body(self, id, steps):
        return Made(World(self.shared, id), steps)

    def say(self, what):
        if not self.shared.over:
            now = int(asyncio.get_running_loop().time()) * 1000
            self.shared.log.append(f"{now} b{self.id} {what}")

    async def sleep(self, us):
        await asyncio.sleep(us)
        self.say("slept")

    async def yield_now(self):
        await asyncio.sleep(0)
        self.say("yielded")

    def spawn(self, made):
        id = made.world.id
        self.say(f"spawn {id}")
        self.shared.tasks[id] = asyncio.create_task(made.run())

    def not_free(self, id):
        """Why the handle of a task cannot be used, or None if it can."""
        if id not in self.shared.tasks:
            return "none"
        return "busy" if id in self.shared.busy else None

    async def join(self, id):
        s = self.shared
        what = self.not_free(id)
        if what is None:
            s.busy.add(id)
            try:
                task = s.tasks[id]
                await Handle(task)
                what = ended(task)
                del s.tasks[id]
            finally:
                s.busy.discard(id)
        self.say(f"join {id}: {what}")

    def cancel(self, id):
        task = self.shared.tasks.get(id)
        if task is None:
            what = "none"
        elif task.done() or task.cancelling():
            what = "too late"
        else:
            task.cancel()
            what = "asked"
        self.say(f"cancel {id}: {what}")

    def detach(self, id):
        s = self.shared
        what = self.not_free(id)
        if what is None:
            # Kept alive: asyncio may collect a task without a reference to it.
            s.tasks[f"detached {id}"] = s.tasks.pop(id)
            what = "done"
        self.say(f"detach {id}: {what}")

    async def gather(self, bodies):
        all = await asyncio.gather(*(made.run() for made in bodies))
        self.say("gathered [" + ", ".join(told(one) for one in all) + "]")

    async def race(self, bodies):
        tasks = [asyncio.create_task(made.run()) for made in bodies]
        try:
            done, pending = await asyncio.wait(
                tasks, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            losers = [task for task in tasks if not task.done()]
            for task in losers:
                task.cancel()
            if losers:
                await asyncio.wait(losers)
        first = next(n for n, task in enumerate(tasks) if task in done)
        self.say(f"won by {first}: {told(tasks[first].result())}")

    async def timeout(self, us, made):
        try:
            async with asyncio.timeout(us):
                outcome = await made.run()
        except TimeoutError:
            self.say("timed out")
        else:
            self.say(f"in time: {told(outcome)}")

    async def lock(self, which, made):
        async with self.shared.locks[which]:
            outcome = await made.run()
        self.say(f"unlocked {which}: {told(outcome)}")

    async def permit(self, which, made):
        async with self.shared.semaphores[which]:
            outcome = await made.run()
        self.say(f"released {which}: {told(outcome)}")

    async def wait(self, which):
        await self.shared.events[which].wait()
        self.say(f"event {which}")

    def set(self, which):
        self.shared.events[which].set()

    def clear(self, which):
        self.shared.events[which].clear()

    async def put(self, which):
        await self.shared.queues[which].put(self.id)
        self.say(f"put {which}")

    async def get(self, which):
        item = await self.shared.queues[which].get()
        self.say(f"got {which}: {item}")

    def set_var(self, value):
        VAR.set(value)

    def get_var(self):
        self.say(f"var {VAR.get(-1)}")

    def panic(self):
        raise Boom


def run(number, program):
    """Runs one program and prints its lines between two marks."""
    loop = VirtualLoop()
    loop.set_exception_handler(lambda loop, context: None)
    shared = Shared()

    async def main():
        try:
            return await program(World(shared, 0)).run()
        finally:
            shared.over = True

    end = "Returned"
    try:
        loop.run_until_complete(contextvars.copy_context().run(loop.create_task, main()))
    except Stalled:
        end = "Stalled"
    except Boom:
        end = "Panicked"
    lines = list(shared.log)
    shared.over = True
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()
    print(f"program {number}")
    for line in lines:
        print(line)
    print(f"end {end}", flush=True)
