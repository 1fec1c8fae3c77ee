"""A coroutine, driven by hand: `send(None)` is Python's poll."""

import types


@types.coroutine
def pause():
    yield


async def countdown(left):
    for _ in range(left - 1):
        await pause()
    return "liftoff"


coroutine = countdown(3)
for n in range(1, 5):
    try:
        coroutine.send(None)
        print(f"send {n}: pending")
    except StopIteration as end:
        print(f"send {n}: ready, {end.value}")
    except RuntimeError as error:
        print(f"send {n}: {error}")
