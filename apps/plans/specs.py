"""What a plan is made of, as plain data: the input of the services that write plans."""

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.core.errors import Invalid
from apps.core.values import check_integer, check_line
from apps.plans.enums import QuotaAnchor, QuotaPeriodUnit, RateWindow
from apps.products.models import Endpoint

NAME_MAX = 40
DESCRIPTION_MAX = 300
UNITS_MAX = 10**15
CALLS_MAX = 10**9
RATE_LIMITS_MAX = 200

_NAMES = {
    QuotaPeriodUnit.DAY: "daily",
    QuotaPeriodUnit.WEEK: "weekly",
    QuotaPeriodUnit.MONTH: "monthly",
    QuotaPeriodUnit.YEAR: "yearly",
}
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class QuotaSpec:
    """`included_units` in each period. A plan has at most one quota for each period length."""

    included_units: int
    period: str
    anchor: str = QuotaAnchor.SUBSCRIPTION

    @property
    def name(self) -> str:
        """The policy name in reply headers, such as `monthly`."""
        return _NAMES[QuotaPeriodUnit(self.period)]

    def check(self) -> None:
        """Raises `Invalid`."""
        if self.period not in QuotaPeriodUnit.values or self.anchor not in QuotaAnchor.values:
            raise Invalid(_("Choose the period of each quota."), field="quotas")
        check_integer(self.included_units, field="quotas", lowest=0, highest=UNITS_MAX)


@dataclass(frozen=True, slots=True)
class RateLimitSpec:
    """At most `max_calls` in any window; with an endpoint, in place of the plan's own limits there."""

    max_calls: int
    window: str
    endpoint: Endpoint | None = None

    @property
    def name(self) -> str:
        """The policy name in reply headers, such as `per-minute` or `endpoint-per-minute`."""
        return f"{'endpoint-' if self.endpoint else ''}per-{self.window}"

    def check(self) -> None:
        """Raises `Invalid`."""
        if self.window not in RateWindow.values:
            raise Invalid(_("Choose the window of each rate limit."), field="rate_limits")
        check_integer(self.max_calls, field="rate_limits", lowest=0, highest=CALLS_MAX)


@dataclass(frozen=True, slots=True)
class PlanSpec:
    """All that a version of a plan says. `price_amount` is in minor units of `currency`, per month."""

    name: str
    tier_slug: str
    description: str = ""
    price_amount: int = 0
    currency: str = "USD"
    quotas: tuple[QuotaSpec, ...] = ()
    rate_limits: tuple[RateLimitSpec, ...] = ()

    def check(self) -> None:
        """Raises `Invalid` with the field that is wrong."""
        check_line(self.name, field="name", longest=NAME_MAX)
        check_line(self.description, field="description", shortest=0, longest=DESCRIPTION_MAX)
        check_integer(self.price_amount, field="price_amount", lowest=0, highest=UNITS_MAX)
        if not isinstance(self.currency, str) or not _CURRENCY.fullmatch(self.currency):
            raise Invalid(_("A currency is three capital letters, such as USD."), field="currency")
        for quota in self.quotas:
            quota.check()
        if len({quota.period for quota in self.quotas}) < len(self.quotas):
            raise Invalid(_("A plan has one quota for each period at most."), field="quotas")
        if len(self.rate_limits) > RATE_LIMITS_MAX:
            raise Invalid(
                _("A plan has %(most)d rate limits at most.") % {"most": RATE_LIMITS_MAX}, field="rate_limits"
            )
        for limit in self.rate_limits:
            limit.check()
        windows = {(limit.endpoint and limit.endpoint.pk, limit.window) for limit in self.rate_limits}
        if len(windows) < len(self.rate_limits):
            raise Invalid(_("A plan has one rate limit for each window and endpoint at most."), field="rate_limits")
