"""`manage.py run_meter`: the process that stores usage. Any number may run; SIGTERM ends one cleanly."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from apps.usage.meter.runner import Meter


class Command(BaseCommand):
    help = "Move usage from the streams in Redis to Postgres, until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(_run())


async def _run() -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    meter = Meter()
    await meter.start()
    try:
        await meter.run(stopping)
    finally:
        await meter.stop()
