"""Requests that may be sent again without being carried out again: the `Idempotency-Key` header.

Two ways. Where the work is one transaction (nearly always), the record is written in it: a crash leaves neither, and
a repeat does the work for the first time. Where the work cannot be one (a payment, a fetch), the record is
committed before it: a crash leaves it unfinished, and a repeat is told so instead of doing the work again.
"""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.utils.encoders import JSONEncoder

from apps.core.errors import DomainError
from apps.core.models import IdempotentRequest
from apps.core.rest.errors import IdempotencyKeyInvalid, IdempotencyKeyReused, IdempotentRequestUnfinished

KEPT = dt.timedelta(hours=24)
_KEY = re.compile(r"[!-~]{1,255}")
# Refused, and yet something was done: the declined payment is recorded.
_DONE_ALTHOUGH_REFUSED = 402


@dataclass(frozen=True, slots=True)
class Outcome:
    """The status and the content of an answer: `data`, or of an error `code`, `message` and `details`."""

    status: int
    content: Any
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class IdempotentCall:
    """Who asks (`user_…/org_…`), with which key, and a digest of what is asked."""

    caller: str
    key: str
    fingerprint: bytes


def parse_key(header: str) -> str:
    """The key of a header, with or without the quotes of a structured field. Raises `IdempotencyKeyInvalid`."""
    text = header.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if not _KEY.fullmatch(text):
        raise IdempotencyKeyInvalid
    return text


def fingerprint_of(method: str, path: str, body: bytes) -> bytes:
    """Equal for two requests that ask for the same; `path` has the query in it. JSON may be written differently.

    Keyed, so that what is in a body (a card's number) cannot be found out by trying.
    """
    asked = b"\n".join([method.encode(), path.encode(), _canonical(body)])
    return salted_hmac("apps.core.rest.idempotency", asked, algorithm="sha256").digest()


def run_in_one_transaction(
    call: IdempotentCall, work: Callable[[], Outcome], keep: Callable[[Any], Any] = lambda content: content
) -> Outcome:
    """Do the work and record its outcome in one transaction, or give back what was recorded.

    What the work raises undoes it and is not recorded. `keep` says what of the content is kept.
    Raises `IdempotencyKeyReused`, and `IdempotentRequestUnfinished` while another request does the work.
    """
    with transaction.atomic():
        if not _lock(call):
            raise IdempotentRequestUnfinished
        record = _find(call)
        if record is not None:
            return _recorded(record, call)
        outcome = work()
        IdempotentRequest.objects.create(
            caller=call.caller,
            key=call.key,
            fingerprint=call.fingerprint,
            status=outcome.status,
            content=_plain(keep(outcome.content)),
        )
        return outcome


def run_reserved(
    call: IdempotentCall, work: Callable[[], Outcome], keep: Callable[[Any], Any] = lambda content: content
) -> Outcome:
    """Record that the work begins, do it, and record its outcome: for work that commits in between.

    What the domain refuses is not recorded, except for a payment that was declined. Whatever else is raised leaves
    the record unfinished. Raises as `run_in_one_transaction`.
    """
    _find(call)  # one that has expired is gone now
    record, is_new = IdempotentRequest.objects.get_or_create(
        caller=call.caller, key=call.key, defaults={"fingerprint": call.fingerprint}
    )
    if not is_new:
        return _recorded(record, call)
    try:
        outcome = work()
    except DomainError as error:
        if error.status != _DONE_ALTHOUGH_REFUSED:
            record.delete()
            raise
        outcome = Outcome(error.status, {"code": error.code, "message": error.message, "details": error.details})
    record.status, record.content = outcome.status, _plain(keep(outcome.content))
    record.save(update_fields=["status", "content"])
    return outcome


def prune() -> int:
    """Forget requests that are older than a day; how many."""
    deleted, _ = IdempotentRequest.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return deleted


def _canonical(body: bytes) -> bytes:
    """JSON with the members of its objects in order and no white space; anything else as it is."""
    try:
        return json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return body


def _lock(call: IdempotentCall) -> bool:
    """Take the lock of this caller and key until the transaction ends; False where another transaction has it."""
    number = hashlib.sha256(f"{call.caller}\n{call.key}".encode()).digest()[:8]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(number, signed=True)])
        return bool(cursor.fetchone()[0])


def _find(call: IdempotentCall) -> IdempotentRequest | None:
    record = IdempotentRequest.objects.filter(caller=call.caller, key=call.key).first()
    if record is not None and record.created_at < timezone.now() - KEPT:
        record.delete()
        return None
    return record


def _recorded(record: IdempotentRequest, call: IdempotentCall) -> Outcome:
    if bytes(record.fingerprint) != call.fingerprint:
        raise IdempotencyKeyReused
    if record.status is None:
        raise IdempotentRequestUnfinished
    return Outcome(record.status, record.content, replayed=True)


def _plain(content: Any) -> Any:
    """The content as JSON values, as the renderer would write them."""
    return json.loads(json.dumps(content, cls=JSONEncoder))
