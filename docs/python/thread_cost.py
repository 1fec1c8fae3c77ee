"""What a call costs when it goes to another thread and back."""

import asyncio
import time

CALLS = 10_000


def nothing():
    return 1


def micros(start):
    return (time.perf_counter() - start) * 1e6 / CALLS


async def program():
    await asyncio.to_thread(nothing)

    start = time.perf_counter()
    for _ in range(CALLS):
        nothing()
    print(f"a call            {micros(start):8.3f} µs each")

    start = time.perf_counter()
    for _ in range(CALLS):
        await asyncio.to_thread(nothing)
    print(f"through to_thread {micros(start):8.3f} µs each")


asyncio.run(program())
