"""Three sources, and the second one fails."""

import asyncio


async def fetch_data(n):
    await asyncio.sleep(n / 20)
    print("source", n, "has answered")
    if n == 2:
        raise OSError("source 2 is down")
    return f"Data from source {n}"


async def program():
    print("-- gather(return_exceptions=True): wait for all, look at each")
    fetches = [fetch_data(n) for n in (1, 2, 3)]
    for result in await asyncio.gather(*fetches, return_exceptions=True):
        failed = isinstance(result, Exception)
        print("error:", result) if failed else print(result)

    print("-- gather: the first error comes out")
    try:
        print(await asyncio.gather(*(fetch_data(n) for n in (1, 2, 3))))
    except OSError as error:
        print("error:", error)
    await asyncio.sleep(0.25)
    print("-- some time later")


asyncio.run(program())
