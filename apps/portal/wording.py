"""What a plan allows, in words."""

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from apps.plans.enums import OverageRule, QuotaPeriodUnit, RateWindow
from apps.plans.models import Plan, Quota, RateLimit
from apps.portal.formats import grouped, unit_price
from apps.products.models import Endpoint

_LONGEST_FIRST = [QuotaPeriodUnit.YEAR, QuotaPeriodUnit.MONTH, QuotaPeriodUnit.WEEK, QuotaPeriodUnit.DAY]


def quota_in_words(quota: Quota) -> str:
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


def overage_in_words(quota: Quota, currency: str) -> str:
    """`Beyond 10 000 a month: 0.002 USD each, up to 50 000 extra units`.

    Empty for a quota that refuses further calls.
    """
    if quota.overage_unit_amount is None:
        return ""
    return _("Beyond %(included)s: %(price)s each, up to %(most)s extra units") % {
        "included": quota_in_words(quota),
        "price": unit_price(quota.overage_unit_amount, currency),
        "most": grouped(quota.overage_max_units or 0),
    }


def charges_extra_units(plan: Plan) -> bool:
    """Whether units beyond a quota of the plan are charged."""
    return any(quota.overage == OverageRule.PER_UNIT for quota in plan.quotas.all())


def beyond_in_words(plan: Plan) -> str:
    """What happens once the quotas of the plan are used up; empty for a plan without any."""
    quotas = list(plan.quotas.all())
    charged = next((words for quota in quotas if (words := overage_in_words(quota, plan.currency))), "")
    return charged or (_("Beyond that, calls are refused until the next period") if quotas else "")


def rate_limit_in_words(limit: RateLimit) -> str:
    """`60 calls a minute`."""
    pattern = {
        RateWindow.SECOND: _("%(calls)s calls a second"),
        RateWindow.MINUTE: _("%(calls)s calls a minute"),
        RateWindow.HOUR: _("%(calls)s calls an hour"),
    }[RateWindow(limit.window)]
    return pattern % {"calls": grouped(limit.max_calls)}


def rate_limits_in_words(plan: Plan, endpoint: Endpoint | None = None) -> str:
    """The limits of the whole plan as one phrase; those that hold at an endpoint, where one is given."""
    own = [limit for limit in plan.rate_limits.all() if endpoint is not None and limit.endpoint_id == endpoint.pk]
    limits = own or [limit for limit in plan.rate_limits.all() if limit.endpoint_id is None]
    if not limits:
        return _("No rate limit")
    return get_text_list([rate_limit_in_words(limit) for limit in limits], _("and"))
