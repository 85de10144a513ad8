"""Every address of the billing pages, filled in with a checkout's objects."""

from django.urls import reverse

from apps.billing.models import Checkout, Invoice
from apps.payments.models import Payment
from apps.subscriptions.models import Subscription
from tests.factories.billing import make_case, make_credit_note, make_payment
from tests.factories.payments import PaymentMethodFactory
from tests.portal.routes import routes_of

PAGES = (
    "billing-month",
    "billing-profile",
    "cards",
    "checkout",
    "credit-note-pdf",
    "invoice",
    "invoice-line",
    "invoice-line-csv",
    "invoice-pdf",
    "invoice-receipt",
    "invoices",
    "plan-change",
)
DEEDS = (
    "case-withdraw",
    "card-add",
    "card-default",
    "card-hosted",
    "card-remove",
    "checkout-coupon",
    "checkout-pay",
    "invoice-pay",
    "plan-change-start",
    "plan-change-undo",
    "subscription-cancel-later",
    "subscription-checkout",
)
# Where a provider leads back to; see test_hosted_cards.
ARRIVALS = ("card-saved",)


def routes() -> list[tuple[str, tuple[str, ...]]]:
    """Name and parameters of every page of billing."""
    return routes_of("apps.portal.billing.")


def ids_of(checkout: Checkout, *, with_card: bool = True) -> dict[str, str]:
    """The parameters of every address; a card is made where there is none."""
    method = checkout.organization.payment_methods.first()
    if method is None and with_card:
        method = PaymentMethodFactory(organization=checkout.organization)
    assert checkout.invoice is not None
    return {
        "organization": checkout.organization.slug,
        "subscription_id": checkout.subscription.public_id,
        "checkout_id": checkout.public_id,
        "invoice_id": checkout.invoice.public_id,
        "method_id": method.public_id if method else "",
        "position": "1",
    }


def _hangs_on(invoice: Invoice | None, name: str) -> dict[str, str]:
    """What a page needs of an invoice, made where there is none."""
    assert invoice is not None
    if name == "credit-note-pdf":
        note = invoice.credit_notes.first() or make_credit_note(invoice)
        return {"note_id": note.public_id}
    if name == "case-withdraw":
        line = invoice.lines.get()
        case = line.cases.first() or make_case(line)
        return {"case_id": case.public_id}
    if name == "invoice-receipt" and not Payment.objects.filter(reference=invoice.public_id).exists():
        make_payment(invoice)
    return {}


def url(
    name: str, *, checkout: Checkout | None = None, subscription: Subscription | None = None, **changed: str
) -> str:
    """The address of a page for a checkout, or (of those that need no more) for a subscription."""
    parameters = dict(routes())[name]
    if checkout is not None and len(parameters) > 1:
        ids = ids_of(checkout, with_card="method_id" in parameters) | _hangs_on(checkout.invoice, name)
    elif checkout is not None:
        ids = {"organization": checkout.organization.slug}
    else:
        assert subscription is not None
        ids = {"organization": subscription.organization.slug, "subscription_id": subscription.public_id}
    return reverse(f"portal:{name}", kwargs={key: (ids | changed)[key] for key in parameters})
