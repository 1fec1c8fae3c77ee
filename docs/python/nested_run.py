"""`asyncio.run` called where a loop is running already."""

import asyncio


async def price():
    return 42


def price_now():
    coroutine = price()
    try:
        return asyncio.run(coroutine)
    finally:
        coroutine.close()


async def program():
    print("from a task:", price_now())


print("from main:", price_now())
try:
    asyncio.run(program())
except RuntimeError as error:
    print("RuntimeError:", error)
