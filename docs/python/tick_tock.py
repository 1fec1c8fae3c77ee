"""Two tasks with sleeps of different lengths, and a main that waits for both."""

import asyncio


async def every(ms, word):
    for _ in range(2):
        await asyncio.sleep(ms / 1000)
        print(word)


async def program():
    tick = asyncio.create_task(every(20, "tick"), name="tick")
    tock = asyncio.create_task(every(30, "tock"), name="tock")
    await tick
    await tock


asyncio.run(program())
