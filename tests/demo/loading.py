"""The demo marketplace, loaded once for a module of tests and gone after it."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import transaction
from django.test import override_settings

from apps.demo.loader import load_demo
from apps.usage.models import Rejection, UsageEvent, UsageRollup
from tests.processes import Server, address

# Nobody listens at these; httpbin must run, because the demo imports the document that it serves.
WEATHER, MOVED, HELLO = "127.0.0.1:9101", "127.0.0.1:9103", "127.0.0.1:9104"


@dataclass
class Demo:
    folder: Path
    backends: dict[str, str]
    said: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "demo.json"

    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.file.read_text())
        return content

    def load(self) -> int:
        """Load again; what it said is in `said`."""
        self.said.clear()
        return load_demo(self.said.append)


@contextlib.contextmanager
def loaded_demo(folder: Path, httpbin: Server) -> Iterator[Demo]:
    """Load into the database of the test run; everything is rolled back at the end."""
    allowed = [WEATHER, MOVED, HELLO, address(httpbin.url)]
    backends = {"weather": f"http://{WEATHER}", "httpbin": httpbin.url, "hello": f"http://{HELLO}/api/v1/hello"}
    with (
        override_settings(LOCAL_DIR=folder, DEMO_BACKENDS=backends, UPSTREAM_ALLOW=allowed),
        transaction.atomic(),
    ):
        demo = Demo(folder, backends)
        demo.load()
        yield demo
        transaction.set_rollback(True)


def all_rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of the project's own apps, but for the thousands of calls, and the accounts' addresses."""
    own = [model for model in apps.get_models() if model.__module__.startswith("apps.")]
    models = [model for model in own if model not in (UsageEvent, UsageRollup, Rejection)]
    models.append(apps.get_model("account", "EmailAddress"))
    return {
        model._meta.label: sorted(model._default_manager.values(), key=lambda row: str(row[model._meta.pk.attname]))
        for model in models
    }
