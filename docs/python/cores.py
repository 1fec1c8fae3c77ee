"""The same computation twice: on one loop, on two threads, in two processes."""

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor


def compute():
    return sum(n * n for n in range(100_000))


async def on_the_loop():
    return compute()


async def measure(name, *calls):
    best = float("inf")
    for _ in range(8):
        start = time.perf_counter()
        await asyncio.gather(*(call() for call in calls))
        best = min(best, time.perf_counter() - start)
    print(f"{name:17}{best * 1000:5.1f} ms")


async def program():
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(2) as pool:

        def on_a_thread():
            return asyncio.to_thread(compute)

        def in_a_process():
            return loop.run_in_executor(pool, compute)

        await measure("once", on_the_loop)
        await measure("twice, gather", on_the_loop, on_the_loop)
        await measure("twice, threads", on_a_thread, on_a_thread)
        await measure("twice, processes", in_a_process, in_a_process)


if __name__ == "__main__":
    asyncio.run(program())
