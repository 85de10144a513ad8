"""Single calls, forwarded and refused together, newest first: the request log, and "why was I blocked"."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal, TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.core.errors import Invalid, NotFound
from apps.keys.models import ApiKey
from apps.products.models import Endpoint
from apps.subscriptions.models import Subscription
from apps.usage.models import Rejection, RequestRecording, UsageEvent
from apps.usage.selectors.scope import Scope

PAGE_SIZE = 50
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)

Call = TypeVar("Call", UsageEvent, Rejection)


@dataclass(frozen=True, slots=True)
class RequestFilters:
    """`ok` are answers below 400, `errors` those from 400 on, `rejected` what the gateway refused; `[start, end)`."""

    outcome: Literal["all", "ok", "errors", "rejected"] = "all"
    endpoint_id: int | None = None
    api_key_id: int | None = None
    start: dt.datetime | None = None
    end: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class RequestEntry:
    """A call as a line of the log. `event` where it was forwarded, else `rejection`.

    What a reference names may have been removed since: then it is None.
    """

    event: UsageEvent | None
    rejection: Rejection | None
    subscription: Subscription | None
    endpoint: Endpoint | None
    api_key: ApiKey | None

    @property
    def call(self) -> UsageEvent | Rejection:
        call = self.event or self.rejection
        assert call is not None
        return call

    @property
    def request_id(self) -> str:
        return self.call.request_id

    @property
    def recording(self) -> RequestRecording | None:
        """The call as it was written down, if it was."""
        return RequestRecording.objects.filter(pk=self.call.pk).first()

    @property
    def is_rejected(self) -> bool:
        return self.rejection is not None


@dataclass(frozen=True, slots=True)
class RequestPage:
    """`next_cursor` is what the next page is asked for with; empty on the last one."""

    entries: list[RequestEntry]
    next_cursor: str


def list_requests(
    scope: Scope, filters: RequestFilters | None = None, cursor: str = "", *, limit: int = PAGE_SIZE
) -> RequestPage:
    """A page of the log, newest first. Raises `Invalid` for a cursor that is none of ours."""
    filters = filters or RequestFilters()
    calls: list[UsageEvent | Rejection] = []
    if filters.outcome != "rejected":
        events = scope.restrict(UsageEvent.objects.all())
        if filters.outcome == "ok":
            events = events.filter(status__lt=400)
        elif filters.outcome == "errors":
            events = events.filter(status__gte=400)
        calls += _page(events, filters, cursor, limit)
    if filters.outcome in ("all", "rejected"):
        calls += _page(scope.restrict(Rejection.objects.all()), filters, cursor, limit)
    calls.sort(key=lambda call: (call.occurred_at, call.pk.int), reverse=True)
    more, calls = len(calls) > limit, calls[:limit]
    return RequestPage(_entries(calls), _cursor(calls[-1]) if more else "")


def get_request(scope: Scope, request_id: str) -> RequestEntry:
    """The call with this id (`req_…`). Raises `NotFound`, also where it lies outside the scope."""
    try:
        key = UUID(request_id.removeprefix("req_"))
    except ValueError:
        raise NotFound from None
    events = scope.restrict(UsageEvent.objects.filter(pk=key))
    call = events.first() or scope.restrict(Rejection.objects.filter(pk=key)).first()
    if call is None:
        raise NotFound
    return _entries([call])[0]


def _page(calls: QuerySet[Call], filters: RequestFilters, cursor: str, limit: int) -> list[Call]:
    if filters.endpoint_id is not None:
        calls = calls.filter(endpoint=filters.endpoint_id)
    if filters.api_key_id is not None:
        calls = calls.filter(api_key=filters.api_key_id)
    if filters.start is not None:
        calls = calls.filter(occurred_at__gte=filters.start)
    if filters.end is not None:
        calls = calls.filter(occurred_at__lt=filters.end)
    if cursor:
        occurred_at, key = _parse_cursor(cursor)
        calls = calls.filter(occurred_at__lte=occurred_at).filter(
            Q(occurred_at__lt=occurred_at) | Q(pk__lt=key)  # the same instant, further down the page
        )
    return list(calls.order_by("-occurred_at", "-pk")[: limit + 1])


def _entries(calls: list[UsageEvent | Rejection]) -> list[RequestEntry]:
    subscriptions = Subscription.objects.select_related("organization", "product").in_bulk(
        {call.subscription_id for call in calls} - {None}
    )
    endpoints = Endpoint.objects.in_bulk({call.endpoint_id for call in calls} - {None})
    keys = ApiKey.objects.defer("digest").in_bulk({call.api_key_id for call in calls} - {None})
    return [
        RequestEntry(
            event=call if isinstance(call, UsageEvent) else None,
            rejection=call if isinstance(call, Rejection) else None,
            subscription=subscriptions.get(call.subscription_id or 0),
            endpoint=endpoints.get(call.endpoint_id or 0),
            api_key=keys.get(call.api_key_id or 0),
        )
        for call in calls
    ]


def _cursor(call: UsageEvent | Rejection) -> str:
    return f"{(call.occurred_at - _EPOCH) // _MICROSECOND}.{call.pk.hex}"


def _parse_cursor(cursor: str) -> tuple[dt.datetime, UUID]:
    instant, _, key = cursor.partition(".")
    try:
        return _EPOCH + int(instant) * _MICROSECOND, UUID(key)
    except (ValueError, OverflowError):
        raise Invalid("This page of the log does not exist. Begin with the first.", field="cursor") from None
