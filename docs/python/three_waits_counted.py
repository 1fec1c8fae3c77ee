"""The three waits on asyncio's loop, with its tasks and their steps counted."""

import asyncio
from collections.abc import Coroutine


class CountingLoop(asyncio.SelectorEventLoop):
    tasks = steps = 0


class Counted(Coroutine):
    """A coroutine that counts how often a task steps into it."""

    def __init__(self, coroutine, loop):
        self.coroutine = coroutine
        self.loop = loop

    def send(self, value):
        self.loop.steps += 1
        return self.coroutine.send(value)

    def throw(self, *error):
        return self.coroutine.throw(*error)

    def __await__(self):
        return self


def make_task(loop, coroutine, **options):
    loop.tasks += 1
    return asyncio.Task(Counted(coroutine, loop), loop=loop, **options)


async def fetch_data(source):
    await asyncio.sleep(0.02)
    return "Data from " + source


async def program():
    sources = ("API 1", "API 2", "API 3")
    await asyncio.gather(*(fetch_data(source) for source in sources))


with asyncio.Runner(loop_factory=CountingLoop) as runner:
    loop = runner.get_loop()
    loop.set_task_factory(make_task)
    runner.run(program())
    print(f"{loop.tasks} tasks, {loop.steps} steps")
