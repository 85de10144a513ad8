"""What a consumer says to extra units: whether they pass at all, and how much they may cost in a period."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.accounts.models import Organization
from apps.core.errors import Invalid
from apps.core.money import AMOUNT_MAX
from apps.core.values import check_integer
from apps.payments.errors import CardNeeded
from apps.payments.selectors import has_default_card
from apps.plans.models import Plan, Quota
from apps.plans.pricing import units_for_amount
from apps.products.hosting import is_hosting
from apps.subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class OverageChoice:
    """`spend_cap_amount`: what extra units of one period may cost, in minor units of the plan's currency.

    None is up to the plan's own cap. It holds as soon as, and as long as, the plan charges extra units at all.
    """

    allowed: bool
    spend_cap_amount: int | None = None

    def check(self) -> None:
        """Raises `Invalid`."""
        if not isinstance(self.allowed, bool):
            raise Invalid(_("This is yes or no."), field="overage_allowed")
        if self.spend_cap_amount is None:
            return
        if not self.allowed:
            raise Invalid(_("A spend cap is for extra units: allow them, too."), field="spend_cap_amount")
        check_integer(self.spend_cap_amount, field="spend_cap_amount", lowest=1, highest=AMOUNT_MAX)


def choice_by_default(plan: Plan) -> OverageChoice:
    """What holds where the consumer said nothing: extra units are refused, unless the plan is nothing else.

    Who takes a plan without a price that includes no units has said that they pay for what they use.
    """
    quotas = plan.quotas.all()
    return OverageChoice(plan.is_free and any(quota.charges_extra and not quota.included_units for quota in quotas))


def check_card(organization: Organization, plan: Plan, *, overage_allowed: bool) -> None:
    """Raises `CardNeeded` where extra units of a plan without a price pass, and there is no card to charge them to.

    A plan with a price is paid with a card anyway; an organization pays nothing for its own product.
    """
    is_own = organization.pk == plan.product.organization_id
    if overage_allowed and plan.is_pay_as_you_go and not is_own and not has_default_card(organization):
        raise CardNeeded


def extra_units_of(subscription: Subscription, quota: Quota) -> int:
    """How many units beyond the included ones of this quota pass in a period, and are charged. None in a trial.

    Those of hosting are its consumers' calls: there is no choice about them.
    """
    chosen = not is_hosting(subscription.product)
    if subscription.is_in_trial or (chosen and not subscription.overage_allowed):
        return 0
    most = quota.overage_max_units or 0
    if not chosen or subscription.spend_cap_amount is None:
        return most
    return units_for_amount(subscription.spend_cap_amount, quota.tier_prices, most_units=most)


def is_capped(subscription: Subscription, quota: Quota) -> bool:
    """Whether the consumer's spend cap, and not the plan, says how many extra units pass."""
    has_cap = (
        subscription.overage_allowed and subscription.spend_cap_amount is not None and not subscription.is_in_trial
    )
    return has_cap and extra_units_of(subscription, quota) < (quota.overage_max_units or 0)
