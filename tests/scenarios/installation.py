"""The product as somebody runs it, with httpbin as a creator's backend."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command

from apps.core import clock
from apps.portal.dev.mailbox import Mail, list_mails
from tests import processes
from tests.client import call
from tests.processes import Server, running, wait_until


@dataclass(frozen=True)
class Installation:
    """Its processes; the meter runs beside them, and `advance` runs the periodic jobs."""

    httpbin: Server
    gateway: Server
    web: Server
    local_dir: Path

    def mail_to(self, address: str) -> Mail:
        """The newest mail to the address."""
        folder = self.local_dir / "mailbox"

        def find() -> list[Mail]:
            return [mail for mail in list_mails(folder) if mail.recipient == address]

        wait_until(find, what=f"mail to {address}")
        return find()[0]

    def advance(self, by: str) -> dt.datetime:
        """Move the clock (`12h`, `10d`), with all jobs that fall due; the new time, which the web process follows."""
        call_command("advance_clock", by)
        now = clock.now()
        wait_until(lambda: self._web_time() >= now, what="the web process following the clock")
        return now

    def _web_time(self) -> dt.datetime:
        answer = call("GET", f"{self.web.url}/api/v1/hello/ping").json()
        return dt.datetime.fromisoformat(answer["data"]["time"])


@contextlib.contextmanager
def installation(local_dir: Path) -> Iterator[Installation]:
    """Started, and stopped at the end; `local_dir` gets the mails."""
    httpbin = processes.httpbin()
    allowed = [processes.address(httpbin.url)]
    gateway = processes.gateway(upstreams=allowed)
    web = processes.web(local_dir=local_dir, gateway_url=gateway.url, upstreams=allowed)
    with running(httpbin, gateway, web, processes.meter()):
        yield Installation(httpbin, gateway, web, local_dir)
