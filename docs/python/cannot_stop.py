"""A call on another thread cannot be stopped, only given up."""

import asyncio
import time


def slow():
    time.sleep(2)
    print("the call ends")


async def program():
    try:
        await asyncio.wait_for(asyncio.to_thread(slow), 1)
        print("in time")
    except TimeoutError:
        print("given up")
    print("the program ends")


asyncio.run(program())
print("run has returned")
