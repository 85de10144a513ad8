"""What a plan allows, in words."""

from collections.abc import Sequence

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.billing.models import Coupon
from apps.plans.enums import QuotaPeriodUnit, RateWindow
from apps.plans.models import Plan, Quota, RateLimit
from apps.plans.pricing import TierPrice
from apps.plans.specs import QuotaSpec
from apps.portal.formats import grouped, money, unit_price
from apps.products.models import Endpoint

_LONGEST_FIRST = [QuotaPeriodUnit.YEAR, QuotaPeriodUnit.MONTH, QuotaPeriodUnit.WEEK, QuotaPeriodUnit.DAY]


def quota_in_words(quota: Quota | QuotaSpec) -> str:
    """`50 000 a month`."""
    pattern = {
        QuotaPeriodUnit.DAY: _("%(units)s a day"),
        QuotaPeriodUnit.WEEK: _("%(units)s a week"),
        QuotaPeriodUnit.MONTH: _("%(units)s a month"),
        QuotaPeriodUnit.YEAR: _("%(units)s a year"),
    }[QuotaPeriodUnit(quota.period)]
    return pattern % {"units": grouped(quota.included_units)}


def quotas_in_words(plan: Plan) -> str:
    """All quotas of the plan as one phrase, the longest period first: `50 000 a month and 2 000 a day`."""
    quotas = sorted(plan.quotas.all(), key=lambda quota: _LONGEST_FIRST.index(QuotaPeriodUnit(quota.period)))
    if not quotas:
        return _("Unlimited")
    return get_text_list([quota_in_words(quota) for quota in quotas], _("and"))


def overage_in_words(quota: Quota | QuotaSpec, currency: str) -> str:
    """`Beyond 10 000 a month: 0.002 USD each, up to 50 000 extra units`.

    In tiers: `the first 1 000 for 0.002 USD each, the rest for 0.001 USD each`. Empty where calls are refused.
    """
    prices = quota.tier_prices
    if not prices:
        return ""
    values = {
        "included": quota_in_words(quota),
        "prices": _prices_in_words(prices, currency),
        "most": grouped(quota.overage_max_units or 0),
    }
    if not quota.included_units:
        return _("Each unit is charged: %(prices)s, up to %(most)s units") % values
    return _("Beyond %(included)s: %(prices)s, up to %(most)s extra units") % values


def _prices_in_words(prices: Sequence[TierPrice], currency: str) -> str:
    if len(prices) == 1:
        return _price_in_words(prices[0], currency)
    parts, floor = [], 0
    for tier in prices:
        values = {
            "units": grouped((tier.up_to_units or 0) - floor),
            "price": _price_in_words(tier, currency),
        }
        if tier.up_to_units is None:
            parts.append(_("the rest for %(price)s") % values)
        else:
            parts.append(
                (_("the next %(units)s for %(price)s") if floor else _("the first %(units)s for %(price)s")) % values
            )
            floor = tier.up_to_units
    return ", ".join(parts)


def _price_in_words(tier: TierPrice, currency: str) -> str:
    values = {"price": unit_price(tier.unit_amount, currency), "flat": money(tier.flat_amount, currency)}
    if not tier.flat_amount:
        return _("%(price)s each") % values
    if not tier.unit_amount:
        return _("%(flat)s together") % values
    return _("%(price)s each and %(flat)s once") % values


def trial_in_words(plan: Plan) -> str:
    """`14 days free, without a card`; empty without a trial."""
    if not plan.trial_days:
        return ""
    days = ngettext("%(days)d day free", "%(days)d days free", plan.trial_days) % {"days": plan.trial_days}
    return (_("%(days)s, with a card") if plan.trial_requires_card else _("%(days)s, without a card")) % {"days": days}


def coupon_in_words(coupon: Coupon) -> str:
    """`20 % off, for 3 periods`."""
    if coupon.percent is not None:
        off = _("%(percent)s %% off") % {"percent": f"{coupon.percent.normalize():f}"}
    else:
        off = _("%(amount)s off") % {"amount": money(coupon.amount or 0, coupon.currency)}
    if coupon.cycles:
        holds = ngettext("for %(cycles)d period", "for %(cycles)d periods", coupon.cycles) % {"cycles": coupon.cycles}
    else:
        holds = coupon.get_duration_display()
    return f"{off}, {holds}"


def charges_extra_units(plan: Plan) -> bool:
    """Whether units beyond a quota of the plan are charged."""
    return any(quota.charges_extra for quota in plan.quotas.all())


def overages_in_words(plan: Plan) -> str:
    """What is charged beyond the quotas of the plan; empty where nothing is."""
    return next((words for quota in plan.quotas.all() if (words := overage_in_words(quota, plan.currency))), "")


def beyond_in_words(plan: Plan) -> str:
    """What happens once the quotas of the plan are used up; empty for a plan without any."""
    quotas = list(plan.quotas.all())
    return overages_in_words(plan) or (_("Beyond that, calls are refused until the next period") if quotas else "")


def rate_limit_in_words(limit: RateLimit) -> str:
    """`60 calls a minute`."""
    pattern = {
        RateWindow.SECOND: _("%(calls)s calls a second"),
        RateWindow.MINUTE: _("%(calls)s calls a minute"),
        RateWindow.HOUR: _("%(calls)s calls an hour"),
    }[RateWindow(limit.window)]
    return pattern % {"calls": grouped(limit.max_calls)}


def concurrency_in_words(plan: Plan) -> str:
    """`5 calls at once`; empty where the plan does not limit them."""
    if plan.max_concurrent is None:
        return ""
    words = ngettext("%(calls)s call at once", "%(calls)s calls at once", plan.max_concurrent)
    return words % {"calls": grouped(plan.max_concurrent)}


def rate_limits_in_words(plan: Plan, endpoint: Endpoint | None = None) -> str:
    """The limits of the whole plan as one phrase; those that hold at an endpoint, where one is given."""
    own = [limit for limit in plan.rate_limits.all() if endpoint is not None and limit.endpoint_id == endpoint.pk]
    limits = own or [limit for limit in plan.rate_limits.all() if limit.endpoint_id is None]
    words = [*(rate_limit_in_words(limit) for limit in limits), concurrency_in_words(plan)]
    return get_text_list([some for some in words if some], _("and")) or _("No rate limit")
