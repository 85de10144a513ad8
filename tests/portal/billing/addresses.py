"""Every address of the billing pages, filled in with a checkout's objects."""

from django.urls import reverse

from apps.billing.models import Checkout
from apps.subscriptions.models import Subscription
from tests.factories.payments import PaymentMethodFactory
from tests.portal.routes import routes_of

PAGES = ("cards", "checkout", "invoice", "invoice-pdf", "invoices", "plan-change")
DEEDS = (
    "card-add",
    "card-default",
    "card-remove",
    "checkout-pay",
    "invoice-pay",
    "plan-change-start",
    "plan-change-undo",
    "subscription-cancel-later",
    "subscription-checkout",
)


def routes() -> list[tuple[str, tuple[str, ...]]]:
    """Name and parameters of every page of billing."""
    return routes_of("apps.portal.billing.")


def ids_of(checkout: Checkout) -> dict[str, str]:
    method = checkout.organization.payment_methods.first() or PaymentMethodFactory(organization=checkout.organization)
    assert checkout.invoice is not None
    return {
        "organization": checkout.organization.slug,
        "subscription_id": checkout.subscription.public_id,
        "checkout_id": checkout.public_id,
        "invoice_id": checkout.invoice.public_id,
        "method_id": method.public_id,
    }


def url(
    name: str, *, checkout: Checkout | None = None, subscription: Subscription | None = None, **changed: str
) -> str:
    """The address of a page for a checkout, or (of those that need no more) for a subscription."""
    parameters = dict(routes())[name]
    if checkout is not None and len(parameters) > 1:
        ids = ids_of(checkout)
    elif checkout is not None:
        ids = {"organization": checkout.organization.slug}
    else:
        assert subscription is not None
        ids = {"organization": subscription.organization.slug, "subscription_id": subscription.public_id}
    return reverse(f"portal:{name}", kwargs={key: (ids | changed)[key] for key in parameters})
