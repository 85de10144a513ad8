"""What a plan is made of, as plain data: the input of the services that write plans."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.core.errors import Invalid
from apps.core.money import AMOUNT_MAX, CURRENCIES
from apps.core.values import check_integer, check_line
from apps.plans.enums import (
    BillingInterval,
    OverageRule,
    PlanVisibility,
    QuotaAnchor,
    QuotaOnChange,
    QuotaPeriodUnit,
    RateWindow,
)
from apps.plans.pricing import TierPrice, rate
from apps.products.models import Endpoint

NAME_MAX = 40
DESCRIPTION_MAX = 300
UNITS_MAX = 10**15
CALLS_MAX = 10**9
CONCURRENT_MAX = 1_000_000
RATE_LIMITS_MAX = 200
PRICE_TIERS_MAX = 10
UNIT_AMOUNT_DIGITS = 8
TRIAL_DAYS_MAX = 90

_NAMES = {
    QuotaPeriodUnit.DAY: "daily",
    QuotaPeriodUnit.WEEK: "weekly",
    QuotaPeriodUnit.MONTH: "monthly",
    QuotaPeriodUnit.YEAR: "yearly",
}


@dataclass(frozen=True, slots=True)
class QuotaSpec:
    """`included_units` in each period. A plan has at most one quota for each period length.

    With overage, `overage_max_units` more may be used: `PER_UNIT` each for `overage_unit_amount` minor units of the
    plan's currency (it may be a fraction of one), `GRADUATED` for what `price_tiers` say.
    """

    included_units: int
    period: str
    anchor: str = QuotaAnchor.SUBSCRIPTION
    overage: str = OverageRule.BLOCK
    overage_unit_amount: Decimal | None = None
    overage_max_units: int | None = None
    price_tiers: tuple[TierPrice, ...] = ()

    @property
    def name(self) -> str:
        """The policy name in reply headers, such as `monthly`."""
        return _NAMES[QuotaPeriodUnit(self.period)]

    @property
    def tier_prices(self) -> tuple[TierPrice, ...]:
        """What extra units cost; empty where they are refused."""
        return self.price_tiers if self.overage_unit_amount is None else (TierPrice(None, self.overage_unit_amount),)

    def check(self) -> None:
        """Raises `Invalid`."""
        if self.period not in QuotaPeriodUnit.values or self.anchor not in QuotaAnchor.values:
            raise Invalid(_("Choose the period of each quota."), field="quotas")
        check_integer(self.included_units, field="quotas", lowest=0, highest=UNITS_MAX)
        if self.overage not in OverageRule.values:
            raise Invalid(_("Choose what happens beyond each quota."), field="quotas")
        if self.overage == OverageRule.BLOCK:
            if (self.overage_unit_amount, self.overage_max_units, self.price_tiers) != (None, None, ()):
                raise Invalid(_("A quota that refuses further calls has no price for them."), field="quotas")
            return
        check_integer(self.overage_max_units, field="quotas", lowest=1, highest=UNITS_MAX)
        if self.overage == OverageRule.GRADUATED:
            self._check_tiers()
        elif self.price_tiers:
            raise Invalid(_("A price per unit has no tiers."), field="quotas")
        else:
            _check_unit_amount(self.overage_unit_amount)
        if rate(self.overage_max_units or 0, self.tier_prices) > AMOUNT_MAX:
            raise Invalid(
                _(
                    "All extra units of a period come to more than %(most)s minor units of the currency, which is more "
                    "than can be charged at once. Lower their price, or how many there are at most."
                )
                % {"most": f"{AMOUNT_MAX:,}"},
                field="quotas",
            )

    def _check_tiers(self) -> None:
        if self.overage_unit_amount is not None:
            raise Invalid(_("Extra units that are charged in tiers have no other price."), field="quotas")
        if not 1 <= len(self.price_tiers) <= PRICE_TIERS_MAX:
            raise Invalid(_("Give 1 to %(most)d tiers of prices.") % {"most": PRICE_TIERS_MAX}, field="quotas")
        floor = 0
        for tier in self.price_tiers[:-1]:
            check_integer(tier.up_to_units, field="quotas", lowest=1, highest=UNITS_MAX)
            if (tier.up_to_units or 0) <= floor:
                raise Invalid(_("Each tier ends after the one before it."), field="quotas")
            floor = tier.up_to_units or 0
        if self.price_tiers[-1].up_to_units is not None:
            raise Invalid(_("The last tier has no end: the extra units at most are one."), field="quotas")
        if floor >= (self.overage_max_units or 0):
            raise Invalid(_("The last tier begins beyond the extra units at most: leave it out."), field="quotas")
        for tier in self.price_tiers:
            _check_unit_amount(tier.unit_amount)
            check_integer(tier.flat_amount, field="quotas", lowest=0, highest=AMOUNT_MAX)


def _check_unit_amount(amount: Decimal | None) -> None:
    if not isinstance(amount, Decimal) or not amount.is_finite() or not 0 <= amount <= AMOUNT_MAX:
        raise Invalid(_("Give the price of an extra unit, 0 or more."), field="quotas")
    if amount != round(amount, UNIT_AMOUNT_DIGITS):
        raise Invalid(
            _("The price of an extra unit has %(most)d decimal places at most.") % {"most": UNIT_AMOUNT_DIGITS},
            field="quotas",
        )


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
    """All that a version of a plan says. `price_amount` is in minor units of `currency`, for each `interval`."""

    name: str
    tier_slug: str
    description: str = ""
    price_amount: int = 0
    currency: str = "USD"
    quotas: tuple[QuotaSpec, ...] = ()
    rate_limits: tuple[RateLimitSpec, ...] = ()
    interval: str = BillingInterval.MONTH
    requires_approval: bool = False
    visibility: str = PlanVisibility.PUBLIC
    quota_on_change: str = QuotaOnChange.RESET
    # A first period without charge, for who never had one of the product; 0 is none.
    trial_days: int = 0
    trial_requires_card: bool = False
    # How many calls of a subscription may be in flight at once, over all endpoints; None: any number.
    max_concurrent: int | None = None

    def check(self) -> None:
        """Raises `Invalid` with the field that is wrong."""
        check_line(self.name, field="name", longest=NAME_MAX)
        check_line(self.description, field="description", shortest=0, longest=DESCRIPTION_MAX)
        check_integer(self.price_amount, field="price_amount", lowest=0, highest=AMOUNT_MAX)
        if not isinstance(self.currency, str) or self.currency not in CURRENCIES:
            raise Invalid(
                _("Give a currency of ISO 4217 by its three capital letters, such as USD, EUR or JPY."),
                field="currency",
            )
        self._check_terms()
        self._check_quotas()
        self._check_rate_limits()

    def _check_terms(self) -> None:
        if self.interval not in BillingInterval.values:
            raise Invalid(_("Choose what the price is for: a week, a month or a year."), field="interval")
        if self.visibility not in PlanVisibility.values:
            raise Invalid(_("Choose who can see the plan."), field="visibility")
        if self.quota_on_change not in QuotaOnChange.values:
            raise Invalid(_("Choose what happens to the quota when the plan changes."), field="quota_on_change")
        if not isinstance(self.requires_approval, bool):
            raise Invalid(_("This is yes or no."), field="requires_approval")
        self._check_trial()

    def _check_trial(self) -> None:
        check_integer(self.trial_days, field="trial_days", lowest=0, highest=TRIAL_DAYS_MAX)
        if not isinstance(self.trial_requires_card, bool):
            raise Invalid(_("This is yes or no."), field="trial_requires_card")
        if self.trial_days and not self.price_amount:
            raise Invalid(_("A plan without a price needs no trial."), field="trial_days")
        if self.trial_requires_card and not self.trial_days:
            raise Invalid(_("Give the days of the trial that needs a card."), field="trial_days")

    def _check_quotas(self) -> None:
        for quota in self.quotas:
            quota.check()
        if len({quota.period for quota in self.quotas}) < len(self.quotas):
            raise Invalid(_("A plan has one quota for each period at most."), field="quotas")
        charged = [quota for quota in self.quotas if quota.overage in OverageRule.charged()]
        if len(charged) > 1:
            raise Invalid(_("Extra units are charged for one quota of a plan at most."), field="quotas")
        for quota in charged:
            # So that a period of the quota is one of the invoice.
            if quota.period != self.interval or quota.anchor != QuotaAnchor.SUBSCRIPTION:
                raise Invalid(
                    _(
                        "Extra units are charged with the price: their quota is for each %(interval)s "
                        "and begins with the subscription."
                    )
                    % {"interval": BillingInterval(self.interval).label},
                    field="quotas",
                )

    def _check_rate_limits(self) -> None:
        if len(self.rate_limits) > RATE_LIMITS_MAX:
            raise Invalid(
                _("A plan has %(most)d rate limits at most.") % {"most": RATE_LIMITS_MAX}, field="rate_limits"
            )
        if self.max_concurrent is not None:
            check_integer(self.max_concurrent, field="max_concurrent", lowest=1, highest=CONCURRENT_MAX)
        for limit in self.rate_limits:
            limit.check()
        windows = {(limit.endpoint and limit.endpoint.pk, limit.window) for limit in self.rate_limits}
        if len(windows) < len(self.rate_limits):
            raise Invalid(_("A plan has one rate limit for each window and endpoint at most."), field="rate_limits")
