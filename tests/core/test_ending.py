"""Tasks that are ended end: also those that a cancellation passes by."""

import asyncio
import contextlib

import pytest

from apps.core.ending import end_tasks

pytestmark = pytest.mark.timeout(20)


async def forget(cancellations: int) -> None:
    """Wait for ever; so many cancellations are swallowed, as `asyncio.wait_for` does before Python 3.12."""
    for _ in range(cancellations):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
    await asyncio.Event().wait()


async def test_tasks_end_that_forget_a_cancellation() -> None:
    tasks = [asyncio.create_task(forget(number)) for number in range(3)]
    await asyncio.sleep(0)
    await end_tasks(*tasks)
    assert [task.cancelled() for task in tasks] == [True, True, True]


async def test_a_task_that_fails_as_it_ends_is_none_of_ours() -> None:
    async def fail() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("not now")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await end_tasks(task)
    assert isinstance(task.exception(), ValueError)


async def test_there_may_be_none() -> None:
    await end_tasks()
