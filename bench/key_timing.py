"""Whether the time that a wrong key takes says how much of it was right: `python -m bench.key_timing [SAMPLES]`.

Two kinds of guesses at a key that the gateway knows, in random order: wrong in the first random character, and wrong in
the last one, both with a right checksum, each at a key of its own. The checks of the gateway refuse
each; what they take is compared by Welch's t.
"""

import asyncio
import datetime as dt
import json
import math
import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
django.setup()

from apps.core.ids import BASE62, uuid7  # noqa: E402
from apps.core.secrets import CHECKSUM_LENGTH, RANDOM_LENGTH, checksum  # noqa: E402
from apps.gateway.engine.admission.admit import admit  # noqa: E402
from apps.gateway.engine.admission.guesses import Guesses  # noqa: E402
from apps.gateway.engine.admission.heads import read_head  # noqa: E402
from apps.gateway.engine.admission.routes import Endpoint, RouteTable  # noqa: E402
from apps.gateway.engine.call import Call  # noqa: E402
from apps.gateway.engine.config import EngineConfig  # noqa: E402
from apps.gateway.engine.entities import KeyEntry, MockAnswer, ProductEntry, ProductState, Timeouts  # noqa: E402
from apps.gateway.engine.messages.problems import KEY_INVALID, Rejected  # noqa: E402
from apps.gateway.engine.messages.request import Client, GatewayRequest  # noqa: E402
from apps.gateway.engine.signing.signed_calls import NoReplays  # noqa: E402
from apps.keys.secret import digest, generate  # noqa: E402
from apps.products.paths import parse_template  # noqa: E402

SAMPLES = 10_000
PREFIX_LENGTH = len("af_live_")
# Of each kind, so many of the slowest are left out: they are the machine's.
_CROPPED = 0.05

_PATH = parse_template("/things")
_PRODUCT = ProductEntry(
    id=1,
    slug="shop",
    state=ProductState.OPEN,
    upstream_url="https://backend.example",
    test_upstream_url="",
    proxy_secret="",
    max_body_bytes=1000,
    timeouts=Timeouts(5, 30, 120, None),
    recording=None,
    billable_statuses=None,
    rapidapi_compatible=False,
    units_header=b"",
    routes=RouteTable([Endpoint(id=1, method="GET", path=_PATH, upstream_path=_PATH, tier_rank=0, weight=1)]),
    offers=(),
)


@dataclass
class OneKey:
    """A directory with one product and one key; it keeps what it was asked for."""

    secret: str
    asked: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Nobody gets as far as to look into it.
        self._keys: dict[bytes, KeyEntry] = {digest(self.secret): cast(KeyEntry, SimpleNamespace())}

    def known_product(self, slug: str) -> ProductEntry | None:
        return _PRODUCT

    def known_key(self, digest: bytes) -> KeyEntry | None:
        self.asked.append(digest)
        return self._keys.get(digest)

    async def find_product(self, slug: str) -> ProductEntry | None:
        return _PRODUCT

    async def find_key(self, digest: bytes) -> KeyEntry | None:
        self.asked.append(digest)
        return self._keys.get(digest)

    async def find_mock(self, product_id: int, endpoint_id: int) -> MockAnswer | None:
        return None

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


def wrong_at(secret: str, position: int, *, by: int = 1) -> str:
    """The key with another character at this place behind its prefix, and the checksum of that."""
    body = list(secret[:-CHECKSUM_LENGTH])
    at = PREFIX_LENGTH + position
    body[at] = BASE62[(BASE62.index(body[at]) + by) % len(BASE62)]
    return "".join(body) + checksum("".join(body))


def call_with(secret: str) -> Call:
    """A call of the product with this key, as it comes from the transport."""
    headers = [(b"host", b"gateway.example"), (b"x-api-key", secret.encode())]
    request = GatewayRequest(
        method="GET",
        target=b"/shop/things",
        headers=headers,
        client_ip="192.0.2.1",
        scheme="https",
        http_version="1.1",
        started_at=0.0,
        client=cast(Client, None),
    )
    return Call(request, uuid7(), read_head(headers, frozenset()))


async def refuse(call: Call, directory: OneKey, guesses: Guesses) -> None:
    """Let the checks refuse the call for its key."""
    try:
        await admit(call, directory, EngineConfig(), guesses, NoReplays())
    except Rejected as rejected:
        if rejected.problem is KEY_INVALID:
            return
        raise
    raise AssertionError("a guess was let in")


def welch_t(one: Sequence[float], other: Sequence[float]) -> float:
    """Welch's t of two samples: beyond ±4.5 they differ for sure."""
    spread = statistics.variance(one) / len(one) + statistics.variance(other) / len(other)
    return (statistics.fmean(one) - statistics.fmean(other)) / math.sqrt(spread)


async def measure(samples: int) -> dict[str, Any]:
    """Nanoseconds of `samples` refusals of each kind, and their t."""
    guesses = Guesses(0)
    taken: dict[int, list[float]] = {0: [], RANDOM_LENGTH - 1: []}
    order = [position for position in taken for _ in range(samples)]
    random.shuffle(order)
    for position in order:
        # Of one key, the few guesses of a kind would have their own checksums to tell them by.
        directory = OneKey(generate().secret)
        call = call_with(wrong_at(directory.secret, position, by=random.randint(1, len(BASE62) - 1)))
        started_at = time.perf_counter_ns()
        await refuse(call, directory, guesses)
        taken[position].append(time.perf_counter_ns() - started_at)
    first, last = (sorted(times)[: int(samples * (1 - _CROPPED))] for times in taken.values())
    return {
        "samples": samples,
        "first_wrong_ns": round(statistics.fmean(first)),
        "last_wrong_ns": round(statistics.fmean(last)),
        "welch_t": round(welch_t(first, last), 2),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else SAMPLES))))
