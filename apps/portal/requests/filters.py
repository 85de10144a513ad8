"""What the request log is filtered by, read from the address."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core import clock
from apps.keys.models import ApiKey
from apps.portal.usage.ranges import DateRange, read_range
from apps.products.models import Endpoint, Product
from apps.products.selectors import find_endpoint, list_endpoints
from apps.subscriptions.models import Subscription
from apps.usage.selectors import RequestFilters

T = TypeVar("T")

# How many a filter offers to choose from; any other can be named in the address.
CHOICES_MAX = 200

OUTCOMES: dict[str, str | Promise] = {
    "all": gettext_lazy("All"),
    "ok": gettext_lazy("Succeeded"),
    "errors": gettext_lazy("Errors"),
    "rejected": gettext_lazy("Refused"),
}


@dataclass(frozen=True)
class Chip:
    """A filter that is set, and the address without it."""

    name: str
    value: str
    remove_url: str


@dataclass
class LogFilters:
    """The objects that the filters name; `problems` says in words which are not applied, and why."""

    span: DateRange
    outcome: str = "all"
    subscription: Subscription | None = None
    endpoint: Endpoint | None = None
    key: ApiKey | None = None
    chips: list[Chip] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def request_filters(self) -> RequestFilters:
        return RequestFilters(
            outcome=self.outcome,  # type: ignore[arg-type] # one of OUTCOMES
            endpoint_id=self.endpoint.pk if self.endpoint else None,
            api_key_id=self.key.pk if self.key else None,
            start=self.span.start,
            end=self.span.end,
        )


def read_filters(
    params: QueryDict,
    *,
    subscriptions: Iterable[Subscription] = (),
    consumers: Iterable[Subscription] = (),
    endpoints: Iterable[Endpoint] = (),
    keys: Iterable[ApiKey] = (),
) -> LogFilters:
    """Look up what `?outcome=`, `?endpoint=`, `?key=` and the range name among these objects.

    So too a subscription: for the consumer as `?subscription=`, for the creator as `?consumer=`.
    """
    filters = LogFilters(span=read_range(params, clock.now()))
    if filters.span.error:
        filters.problems.append(filters.span.error)
    outcome = params.get("outcome") or "all"
    if outcome not in OUTCOMES:
        filters.problems.append(_("There is no such outcome: all requests are shown."))
    elif outcome != "all":
        filters.outcome = outcome
        filters.chips.append(_chip(params, "outcome", _("Outcome"), OUTCOMES[outcome]))
    if subscription := _named(params, "subscription", {one.public_id: one for one in subscriptions}, filters):
        filters.subscription = subscription
        filters.chips.append(_chip(params, "subscription", _("Product"), subscription.product))
    if consumer := _named(params, "consumer", {one.public_id: one for one in consumers}, filters):
        filters.subscription = consumer
        filters.chips.append(_chip(params, "consumer", _("Consumer"), consumer.organization))
    if endpoint := _named(params, "endpoint", {one.public_id: one for one in endpoints}, filters):
        filters.endpoint = endpoint
        filters.chips.append(_chip(params, "endpoint", _("Endpoint"), endpoint))
    if key := _named(params, "key", {one.public_id: one for one in keys}, filters):
        filters.key = key
        filters.chips.append(_chip(params, "key", _("Key"), key.name))
    return filters


def endpoint_choices(params: QueryDict, product: Product) -> list[Endpoint]:
    """The endpoints that a filter offers, with the one that the address names."""
    endpoints = list(list_endpoints(product)[:CHOICES_MAX])
    wanted = params.get("endpoint", "").replace("\x00", "")
    if wanted and wanted not in {endpoint.public_id for endpoint in endpoints}:
        named = find_endpoint(product, public_id=wanted)
        endpoints += [named] if named else []
    return endpoints


def _named(params: QueryDict, name: str, options: Mapping[str, T], filters: LogFilters) -> T | None:
    wanted = params.get(name)
    if not wanted:
        return None
    if wanted not in options:
        filters.problems.append(
            _("What the address filters by (%(name)s) does not exist, so it is left out.") % {"name": name}
        )
    return options.get(wanted)


def _chip(params: QueryDict, name: str, label: str, value: object) -> Chip:
    rest = params.copy()
    for gone in (name, "cursor"):
        rest.pop(gone, None)
    return Chip(label, str(value), f"?{rest.urlencode()}")
