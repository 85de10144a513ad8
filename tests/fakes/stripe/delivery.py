"""Webhooks: signed as Stripe signs them, sent by a thread of their own, again and again until the answer is 2xx."""

import hashlib
import heapq
import hmac
import http.client
import json
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.stripe.world import PLATFORM, Object

TIMEOUT_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0
ATTEMPTS_MAX = 60


def signature(payload: bytes, secrets: list[str], at: int) -> str:
    """The `Stripe-Signature` of a payload: one `v1` for each secret, as while a secret is being changed."""
    signed = f"{at}.".encode() + payload
    parts = [f"v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}" for secret in secrets]
    return ",".join([f"t={at}", *parts])


@dataclass(frozen=True)
class Target:
    """Where events go. `is_connect`: only those of connected accounts; None for all."""

    url: str
    secrets: tuple[str, ...]
    kinds: frozenset[str] = frozenset({"*"})
    is_connect: bool | None = None

    def wants(self, kind: str, account: str) -> bool:
        is_of_connected = account != PLATFORM
        fits = self.is_connect is None or self.is_connect == is_of_connected
        return fits and bool({"*", kind} & self.kinds)


@dataclass(order=True)
class Delivery:
    due_at: float
    number: int
    target: Target = field(compare=False)
    event: Object = field(compare=False)
    attempts: int = field(compare=False, default=0)


class Webhooks:
    """`settings` (the faults): `is_held`, `duplicates` more of each, `delay_seconds` before the first attempt."""

    def __init__(self) -> None:
        self.is_held = False
        self.duplicates = 0
        self.delay_seconds = 0.0
        self.log: list[dict[str, Any]] = []
        self._held: list[tuple[Target, Object]] = []
        self._queue: list[Delivery] = []
        self._number = 0
        self._sending = 0
        self._changed = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True, name="fake-stripe-webhooks")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._thread.join(TIMEOUT_SECONDS)

    def send(self, target: Target, event: Object) -> None:
        with self._changed:
            if self.is_held:
                self._held.append((target, event))
            else:
                self._enqueue(target, event)

    def release(self, order: str = "in_order") -> None:
        """Send what was held back; `order`: in_order, reversed or shuffled."""
        with self._changed:
            held, self._held, self.is_held = self._held, [], False
            if order == "reversed":
                held.reverse()
            elif order == "shuffled":
                random.shuffle(held)
            for target, event in held:
                self._enqueue(target, event)

    @property
    def pending(self) -> int:
        """How many are still to be accepted, those that are held back aside."""
        with self._changed:
            return len(self._queue) + self._sending

    def _enqueue(self, target: Target, event: Object) -> None:
        for _ in range(1 + self.duplicates):
            self._push(Delivery(time.monotonic() + self.delay_seconds, 0, target, event))

    def _push(self, delivery: Delivery) -> None:
        self._number += 1
        delivery.number = self._number
        heapq.heappush(self._queue, delivery)
        self._changed.notify_all()

    def _run(self) -> None:
        while (delivery := self._next()) is not None:
            status = self._post(delivery)
            with self._changed:
                self._sending -= 1
                self.log.append({"event": delivery.event["id"], "type": delivery.event["type"], "status": status})
                if not 200 <= status < 300 and delivery.attempts < ATTEMPTS_MAX:
                    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**delivery.attempts)
                    delivery.attempts += 1
                    delivery.due_at = time.monotonic() + pause
                    self._push(delivery)

    def _next(self) -> Delivery | None:
        with self._changed:
            while not self._is_over:
                pause = self._queue[0].due_at - time.monotonic() if self._queue else None
                if pause is not None and pause <= 0:
                    self._sending += 1
                    return heapq.heappop(self._queue)
                self._changed.wait(pause)
            return None

    def _post(self, delivery: Delivery) -> int:
        payload = json.dumps(delivery.event, indent=2).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(payload, [*delivery.target.secrets], int(time.time())),
        }
        parts = urlsplit(delivery.target.url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("POST", parts.path, payload, headers)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()
