"""Three waits of two seconds that take two seconds together."""

import asyncio


async def fetch_data(source):
    print("Fetching from", source + "...")
    await asyncio.sleep(2)
    return "Data from " + source


async def program():
    sources = ("API 1", "API 2", "API 3")
    fetches = [fetch_data(source) for source in sources]
    for line in await asyncio.gather(*fetches):
        print(line)


asyncio.run(program())
