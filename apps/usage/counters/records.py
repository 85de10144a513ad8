"""What is written into a lease and into the stream, and read back by the meter: JSON with short names.

lease       s subscription, p product, e endpoint, k key, x quota epoch, m method, a path,
            u units reserved, c quota counters charged, f the set of calls in flight (where these are limited)
event       a lease, and: n units billed, st status, o outcome, d duration µs, g origin µs,
            ri request bytes, ro response bytes
rejection   p, s, e, k, m, a, and: st status, r code, y policy, v counter, l limit

The id and the time of a call stand beside it, in fields of their own.
"""

import datetime as dt
import json
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as _quote
from typing import Any
from uuid import UUID

from apps.usage.counters.keys import from_milliseconds
from apps.usage.counters.types import CallOutcome, CallSpec, RejectedCall

PATH_MAX = 1000
METHOD_MAX = 16
# Far from where a sum of such numbers leaves a bigint.
_BIGGEST = 10**15
_BIGGEST_INTEGER = 2**31 - 1
_BIGGEST_SMALL = 2**15 - 1

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def encode_lease(spec: CallSpec, counters: tuple[str, ...], slots: str = "") -> str:
    # Put together by hand, here and below: this is done for every call, and only three texts need quoting.
    place = f',"f":"{slots}"' if slots else ""
    return (
        f'{{"s":{spec.subscription_id},"p":{spec.product_id},"e":{spec.endpoint_id},"k":{spec.api_key_id},'
        f'"x":{spec.quota_epoch},"m":{_quote(_text(spec.method, METHOD_MAX))},"a":{_quote(_text(spec.path, PATH_MAX))},'
        f'"u":{spec.units},"c":{_names(counters)}{place}}}'
    )


def encode_event(lease: str, outcome: CallOutcome) -> str:
    """The event of a call whose lease was encoded as `lease`."""
    return (
        f'{lease[:-1]},"n":{outcome.units},"st":{outcome.status},"o":{_quote(outcome.outcome)},'
        f'"d":{outcome.duration_us},"g":{outcome.origin_us},"ri":{outcome.request_bytes},"ro":{outcome.response_bytes}}}'
    )


def encode_rejection(call: RejectedCall) -> str:
    return _encode(
        {
            "p": call.product_id,
            "s": call.subscription_id,
            "e": call.endpoint_id,
            "k": call.api_key_id,
            "m": _text(call.method, METHOD_MAX),
            "a": _text(call.path, PATH_MAX),
            "st": call.status,
            "r": call.code,
            "y": call.policy,
            "v": call.counter,
            "l": call.limit,
        }
    )


def _names(counters: tuple[str, ...]) -> str:
    # Names of counters hold nothing that JSON would escape.
    return '["' + '","'.join(counters) + '"]' if counters else "[]"


def _text(value: str, length: int) -> str:
    """What Postgres can store: no NUL, no half of a surrogate pair, not longer than the column."""
    value = value[:length]
    if value.isascii() and value.isprintable():
        return value
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


# --- reading ------------------------------------------------------------------------------------


class Undecodable(ValueError):
    """An entry of the stream that is not what was written there, with the reason."""


@dataclass(frozen=True, slots=True)
class EventRecord:
    """A usage event as it goes to Postgres; `replayed` when it was appended by a replay."""

    id: UUID
    occurred_at: dt.datetime
    subscription_id: int
    product_id: int
    endpoint_id: int
    api_key_id: int
    quota_epoch: int
    units: int
    method: str
    path: str
    status: int
    outcome: str
    duration_us: int
    origin_us: int
    request_bytes: int
    response_bytes: int
    replayed: bool


@dataclass(frozen=True, slots=True)
class RejectionRecord:
    """A refused call, or (code `abandoned`, status 0) one whose process was gone before an answer was given."""

    id: UUID
    occurred_at: dt.datetime
    product_id: int
    subscription_id: int | None
    endpoint_id: int | None
    api_key_id: int | None
    method: str
    path: str
    status: int
    code: str
    policy: str
    counter: int | None
    limit: int | None
    weight: int


ABANDONED = "abandoned"


def decode_entry(fields: dict[str, str]) -> EventRecord | RejectionRecord | None:
    """An entry of the stream; None for a marker. Raises `Undecodable`."""
    try:
        kind = fields["k"]
        if kind == "marker":
            return None
        call_id, occurred_at = UUID(fields["i"]), from_milliseconds(int(fields["t"]))
        values = json.loads(fields["d"])
        if kind in ("event", "replay"):
            return _event(call_id, occurred_at, values, replayed=kind == "replay")
        if kind == "abandoned":
            return _rejection(call_id, occurred_at, values | {"st": 0, "r": ABANDONED}, weight=1)
        if kind == "rejection":
            return _rejection(call_id, occurred_at, values, weight=int(fields["u"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Undecodable(f"{type(error).__name__}: {error}") from error
    raise Undecodable(f"unknown kind {kind!r}")


def _event(call_id: UUID, occurred_at: dt.datetime, values: dict[str, Any], *, replayed: bool) -> EventRecord:
    return EventRecord(
        id=call_id,
        occurred_at=occurred_at,
        subscription_id=_whole(values, "s"),
        product_id=_whole(values, "p"),
        endpoint_id=_whole(values, "e"),
        api_key_id=_whole(values, "k"),
        quota_epoch=_whole(values, "x", _BIGGEST_INTEGER),
        units=_whole(values, "n"),
        method=_text(str(values["m"]), METHOD_MAX),
        path=_text(str(values["a"]), PATH_MAX),
        status=_whole(values, "st", _BIGGEST_SMALL),
        outcome=_text(str(values["o"]), 30),
        duration_us=_whole(values, "d"),
        origin_us=_whole(values, "g"),
        request_bytes=_whole(values, "ri"),
        response_bytes=_whole(values, "ro"),
        replayed=replayed,
    )


def _rejection(call_id: UUID, occurred_at: dt.datetime, values: dict[str, Any], *, weight: int) -> RejectionRecord:
    return RejectionRecord(
        id=call_id,
        occurred_at=occurred_at,
        product_id=_whole(values, "p"),
        subscription_id=_optional(values, "s"),
        endpoint_id=_optional(values, "e"),
        api_key_id=_optional(values, "k"),
        method=_text(str(values["m"]), METHOD_MAX),
        path=_text(str(values["a"]), PATH_MAX),
        status=_whole(values, "st", _BIGGEST_SMALL),
        code=_text(str(values["r"]), 40),
        policy=_text(str(values.get("y", "")), 60),
        counter=_optional(values, "v"),
        limit=_optional(values, "l"),
        weight=weight,
    )


def _whole(values: dict[str, Any], name: str, biggest: int = _BIGGEST) -> int:
    value = values[name]
    if type(value) is not int or not 0 <= value <= biggest:
        raise ValueError(f"{name} is {value!r}")
    return value


def _optional(values: dict[str, Any], name: str) -> int | None:
    return None if values.get(name) is None else _whole(values, name)
