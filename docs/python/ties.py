import asyncio


async def program():
    loop = asyncio.get_running_loop()
    due = loop.time() + 0.1
    for name in "abcde":
        loop.call_at(due, print, name)
    await asyncio.sleep(0.2)


asyncio.run(program())
