"""Where the locals of a coroutine are while it waits."""

import types


@types.coroutine
def pause():
    yield


async def launch(rocket):
    await pause()
    height = 100 * rocket
    await pause()
    return height


coroutine = launch(4)
for n in range(1, 3):
    coroutine.send(None)
    print(f"after send {n}:", dict(coroutine.cr_frame.f_locals))
coroutine.close()
