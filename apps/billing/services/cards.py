"""Which plans need a card before anything is charged."""

from apps.accounts.models import Organization
from apps.billing.errors import CardNeeded
from apps.payments.models import PaymentMethod
from apps.plans.models import Plan


def check_card(organization: Organization, plan: Plan) -> None:
    """Raises `CardNeeded` where what is used of a plan without a price is charged, and there is no default card.

    A plan with a price is paid with a card at the checkout; an organization pays nothing for its own product.
    """
    if plan.is_pay_as_you_go and organization.pk != plan.product.organization_id and not has_default_card(organization):
        raise CardNeeded


def has_default_card(organization: Organization) -> bool:
    return PaymentMethod.objects.filter(organization=organization, is_default=True, removed_at__isnull=True).exists()
