"""Calling an async function runs none of it."""

import asyncio


async def greet(name):
    print("Hello,", name)
    return len(name)


async def program():
    greeting = greet("Ada")
    print("called")
    length = await greeting
    print(length, "letters")
    greet("nobody").close()
    print("done")


asyncio.run(program())
