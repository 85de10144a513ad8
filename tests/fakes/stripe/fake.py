"""Starting and stopping the server: in a thread of a test, or as a process of its own."""

import asyncio
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.fakes.stripe import resources
from tests.fakes.stripe.control import Control
from tests.fakes.stripe.delivery import Target
from tests.fakes.stripe.pages import Pages
from tests.fakes.stripe.server import Server
from tests.fakes.stripe.world import World

_START_SECONDS = 10.0
# Importing the resources has filled the table of routes.
assert resources.__all__


class FakeStripe:
    """Runs in a thread of its own, on a port of the system's choosing unless one is given."""

    def __init__(
        self,
        *,
        port: int = 0,
        webhook_url: str = "",
        webhook_secrets: tuple[str, ...] = (),
        availability_days: int = 0,
        file: Path | None = None,
    ) -> None:
        self.port = port
        self.world = World(availability_days=availability_days, file=file)
        self.server = Server(self.world)
        self._control = Control(self.server)
        if webhook_url:
            self.server.targets.append(Target(webhook_url, webhook_secrets))

    def __enter__(self) -> Self:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True, name="fake-stripe")
        self._thread.start()
        assert self._ready.wait(_START_SECONDS), "the fake Stripe server did not start"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_START_SECONDS)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def control(self, action: str, id_: str = "", **values: Any) -> Any:
        """As `POST /_fake/<action>/<id>`, run in the server's thread."""

        async def run() -> Any:
            return self._control.run(action, values, id_)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(_START_SECONDS)

    def wait_delivered(self, seconds: float = 20.0) -> None:
        """Until every webhook that was sent so far is accepted."""
        deadline = time.monotonic() + seconds
        while self.server.webhooks.pending:
            assert time.monotonic() < deadline, f"webhooks are not accepted: {self.server.webhooks.log[-5:]}"
            time.sleep(0.02)

    def run(self) -> None:
        """Serve in this thread until the process is told to stop."""
        web.run_app(self._application(), host="127.0.0.1", port=self.port, access_log=None, print=None)

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        self.world.base_url = self.url
        self._ready.set()
        await self._stopping.wait()
        await runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_routes(Pages(self.world).routes())
        application.router.add_route("*", "/_fake/{action:.+}", self._control.handle)
        application.router.add_route("*", "/{path:.*}", self.server.handle)
        self.world.base_url = self.url
        application.on_startup.append(self._start_webhooks)
        application.on_cleanup.append(self._stop_webhooks)
        return application

    async def _start_webhooks(self, application: web.Application) -> None:
        self.server.webhooks.start()

    async def _stop_webhooks(self, application: web.Application) -> None:
        await asyncio.to_thread(self.server.webhooks.stop)
