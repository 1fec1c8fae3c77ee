"""`await` on something that does not have to wait lets no other task run."""

import asyncio


async def step(name, n):
    print(name, n)


async def three_steps(name):
    for n in range(3):
        await step(name, n)


async def program():
    await asyncio.gather(three_steps("busy"), three_steps("other"))


asyncio.run(program())
