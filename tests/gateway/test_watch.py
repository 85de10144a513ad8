"""Waits for backends: who is late is told so, and who only seems late, because the process was held up, is not."""

import asyncio
import threading

from apps.gateway.upstream.watch import HELD_UP_SECONDS, Watch


class Wait:
    def __init__(self, seconds: float) -> None:
        self.deadline = asyncio.get_running_loop().time() + seconds
        self.is_late = asyncio.Event()

    def late(self) -> None:
        self.is_late.set()


async def test_who_is_late_is_told() -> None:
    watch, wait = Watch(), Wait(0.05)
    watch.add(wait)
    async with asyncio.timeout(20):
        await wait.is_late.wait()
    assert asyncio.get_running_loop().time() >= wait.deadline


async def test_what_came_while_the_process_was_held_up_is_read_first() -> None:
    loop, watch, wait, answered = asyncio.get_running_loop(), Watch(), Wait(0.05), asyncio.Event()

    def read() -> None:
        watch.discard(wait)
        answered.set()

    watch.add(wait)
    threading.Event().wait(2 * HELD_UP_SECONDS)  # nothing of the loop runs
    # One turn of the loop after the look that is due.
    loop.call_soon(lambda: loop.call_soon(read))
    async with asyncio.timeout(20):
        await answered.wait()
    assert not wait.is_late.is_set()


async def test_being_held_up_puts_off_one_look_alone() -> None:
    watch, wait = Watch(), Wait(0.05)
    watch.add(wait)
    threading.Event().wait(2 * HELD_UP_SECONDS)
    async with asyncio.timeout(20):
        await wait.is_late.wait()
