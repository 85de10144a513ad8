"""What a plan is made of, as plain data: the input of the services that write plans."""

from dataclasses import dataclass

from apps.core.errors import Invalid
from apps.plans.enums import QuotaAnchor, QuotaPeriodUnit, RateWindow
from apps.products.models import Endpoint

UNITS_MAX = 10**15
CALLS_MAX = 10**9
QUOTAS_MAX = 8
RATE_LIMITS_MAX = 200

_NAMES = {
    QuotaPeriodUnit.DAY: "daily",
    QuotaPeriodUnit.WEEK: "weekly",
    QuotaPeriodUnit.MONTH: "monthly",
    QuotaPeriodUnit.YEAR: "yearly",
}


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
            raise Invalid("Choose the period of each quota.", field="quotas")
        if not 0 <= self.included_units <= UNITS_MAX:
            raise Invalid(f"A quota has 0 to {UNITS_MAX:,} units.", field="quotas")


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
            raise Invalid("Choose the window of each rate limit.", field="rate_limits")
        if not 0 <= self.max_calls <= CALLS_MAX:
            raise Invalid(f"A rate limit has 0 to {CALLS_MAX:,} calls.", field="rate_limits")


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
        if not 1 <= len(self.name.strip()) <= 40 or not self.name.isprintable():
            raise Invalid("Give a name of 1 to 40 characters.", field="name")
        if len(self.description) > 300 or "\x00" in self.description:
            raise Invalid("A description has 300 characters at most.", field="description")
        if not 0 <= self.price_amount <= UNITS_MAX:
            raise Invalid("The price is out of range.", field="price_amount")
        if len(self.quotas) > QUOTAS_MAX or len({quota.period for quota in self.quotas}) < len(self.quotas):
            raise Invalid("A plan has one quota for each period at most.", field="quotas")
        windows = {(limit.endpoint and limit.endpoint.pk, limit.window) for limit in self.rate_limits}
        if len(self.rate_limits) > RATE_LIMITS_MAX or len(windows) < len(self.rate_limits):
            raise Invalid("A plan has one rate limit for each window and endpoint at most.", field="rate_limits")
        for quota in self.quotas:
            quota.check()
        for limit in self.rate_limits:
            limit.check()
