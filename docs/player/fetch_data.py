"""Three sources, each of which takes two seconds to answer, asked at once.

The Python twin of the demo program `fetch_data`: it prints the same lines.
"""

import asyncio
import sys

SECONDS_TO_ANSWER = 2


async def fetch_data(source):
    print(f"Fetching from {source}...")
    await asyncio.sleep(SECONDS_TO_ANSWER)
    return f"Data from {source}"


async def main(sources):
    fetches = [fetch_data(source) for source in sources]
    for answer in await asyncio.gather(*fetches):
        print(answer)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or ["API 1", "API 2", "API 3"]))
