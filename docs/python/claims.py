"""The claims of the page that need a closer look, tried on asyncio's loop."""

import asyncio


class CountingLoop(asyncio.SelectorEventLoop):
    turns = 0

    def _run_once(self):
        self.turns += 1
        super()._run_once()


def does_the_loop_check_continuously():
    with asyncio.Runner(loop_factory=CountingLoop) as runner:
        runner.run(asyncio.sleep(0.2))
        few = runner.get_loop().turns < 10
    return f"in a fifth of a second of sleep: fewer than ten turns: {few}"


def does_only_a_loop_run_async_code():
    async def answer():
        return 42

    try:
        answer().send(None)
    except StopIteration as stop:
        return f"stepped by hand, without a loop: {stop.value}"


def is_there_one_loop_per_thread():
    async def nothing():
        pass

    async def inner():
        coroutine = nothing()
        try:
            asyncio.run(coroutine)
        except RuntimeError:
            return False
        finally:
            coroutine.close()
        return True

    async def number(n):
        return n

    second = asyncio.run(inner())
    with asyncio.Runner() as one, asyncio.Runner() as two:
        total = one.run(number(1)) + two.run(number(2)) + one.run(number(3))
    return f"a second one inside: {second}; two in turn: {total == 6}"


def does_run_clean_up():
    cleaned = []

    async def left():
        try:
            await asyncio.sleep(3600)
        finally:
            cleaned.append(True)

    async def program():
        asyncio.create_task(left())
        await asyncio.sleep(0)

    asyncio.run(program())
    return f"a task that was left is cleaned up: {cleaned == [True]}"


def is_run_called_once_per_thread():
    async def number(n):
        return n

    return f"run twice: {asyncio.run(number(1))}, {asyncio.run(number(2))}"


def does_await_yield():
    order = []

    async def step(name):
        order.append(name)

    async def three(name):
        for _ in range(3):
            await step(name)

    async def program():
        await asyncio.gather(three("a"), three("b"))

    asyncio.run(program())
    return "three awaits each: " + "".join(order)


if __name__ == "__main__":
    print("2 ", does_the_loop_check_continuously())
    print("3 ", does_only_a_loop_run_async_code())
    print("4 ", is_there_one_loop_per_thread())
    print("5 ", does_run_clean_up())
    print("6 ", is_run_called_once_per_thread())
    print("12", does_await_yield())
