"""What a step of asyncio costs: the rows of chapter 24 that Python has."""

import asyncio
import time


async def nothing():
    pass


async def yields(n):
    for _ in range(n):
        await asyncio.sleep(0)


async def joins(n):
    for _ in range(n):
        await asyncio.create_task(nothing())


async def calls(n):
    for _ in range(n):
        await asyncio.to_thread(int)


async def program():
    for work, n in [(yields, 20_000), (joins, 20_000), (calls, 2_000)]:
        start = time.perf_counter()
        await work(n)
        each = (time.perf_counter() - start) / n
        print(f"{work.__name__:<8} {each * 1e9:>7.0f} ns")


asyncio.run(program())
