"""The page on which something is bought."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.permissions import Action
from apps.billing import services
from apps.billing.documents import tax_label
from apps.billing.enums import CheckoutKind, CheckoutStatus
from apps.billing.models import Checkout
from apps.billing.rates import forecast_tax
from apps.billing.selectors import find_coupon_of, get_checkout
from apps.billing.services.trials import waits_for_card
from apps.core import clock
from apps.core.errors import Conflict
from apps.payments.selectors import find_waiting_payment, is_being_paid
from apps.portal.access import PortalRequest, organization_page
from apps.portal.billing.paying import PayForms, carry_out, pay_forms
from apps.portal.console.access import subscription_page
from apps.subscriptions.models import Subscription


@require_safe
@organization_page
def checkout(request: PortalRequest, checkout_id: str) -> HttpResponse:
    found = get_checkout(request.actor, public_id=checkout_id)
    return render(request, "billing/checkout.html", _context(found, pay_forms(request.actor)))


@sensitive_post_parameters("number", "cvc")
@require_http_methods(["GET", "HEAD", "POST"])
@organization_page
def pay(request: PortalRequest, checkout_id: str) -> HttpResponse:
    """Pay. The answer to a declined payment stands at this address, so to read it leads to the checkout."""
    found = get_checkout(request.actor, public_id=checkout_id)
    if request.method != "POST":
        return redirect("portal:checkout", request.actor.organization.slug, found.public_id)
    request.actor.require(Action.BILLING_MANAGE)
    forms = carry_out(request, lambda method: services.pay_checkout(actor=request.actor, checkout=found, method=method))
    if forms.confirm_at:
        return redirect(forms.confirm_at)
    if not forms.is_done:
        found = get_checkout(request.actor, public_id=checkout_id)
        return render(request, "billing/checkout.html", _context(found, forms), status=forms.status)
    return _after(request, found)


@require_POST
@organization_page
def coupon(request: PortalRequest, checkout_id: str) -> HttpResponse:
    """Enter a coupon; what it takes off stands on the new invoice."""
    found = get_checkout(request.actor, public_id=checkout_id)
    try:
        services.redeem_coupon(
            actor=request.actor, subscription=found.subscription, code=request.POST.get("coupon", "")
        )
    except Conflict as error:
        messages.error(request, error.message)
        return redirect("portal:checkout", request.actor.organization.slug, found.public_id)
    found = get_checkout(request.actor, public_id=checkout_id)
    if found.status == CheckoutStatus.COMPLETED:
        return _after(request, found)
    messages.success(request, _("The coupon holds for this subscription."))
    return redirect("portal:checkout", request.actor.organization.slug, found.public_id)


@require_POST
@subscription_page
def resume(request: PortalRequest, subscription: Subscription) -> HttpResponse:
    """Go on with a purchase: the same checkout, or a new one where its time is over or the creator has approved."""
    found = services.start_checkout(actor=request.actor, plan=subscription.plan)
    if found.status == CheckoutStatus.OPEN:
        return redirect("portal:checkout", request.actor.organization.slug, found.public_id)
    return _after(request, found)


def _after(request: PortalRequest, checkout: Checkout) -> HttpResponse:
    subscription = checkout.subscription
    address = (checkout.organization.slug, subscription.public_id)
    values = {"product": subscription.product.name, "plan": checkout.plan.name}
    if checkout.kind == CheckoutKind.PLAN_CHANGE:
        messages.success(request, _("%(product)s is on the plan %(plan)s now.") % values)
        return redirect("portal:subscription-manage", *address)
    messages.success(request, _("You are subscribed to %(product)s. Create a key to make the first call.") % values)
    return redirect("portal:subscription", *address)


def _context(checkout: Checkout, forms: PayForms) -> dict[str, Any]:
    invoice = checkout.invoice
    is_open = checkout.status == CheckoutStatus.OPEN
    is_trial = is_open and invoice is None and waits_for_card(checkout.subscription)
    lines = list(invoice.lines.all()) if invoice else []
    is_over = checkout.expires_at is not None and checkout.expires_at <= clock.now()
    return {
        "checkout": checkout,
        "subscription": checkout.subscription,
        "plan": checkout.plan,
        "invoice": invoice,
        "lines": lines,
        "tax_label": tax_label(invoice, lines) if invoice else "",
        "adds_tax": forecast_tax(checkout.organization_id, clock.now()).adds_something,
        "forms": forms,
        "coupon": find_coupon_of(checkout.subscription),
        "is_change": checkout.kind == CheckoutKind.PLAN_CHANGE,
        "is_waiting": is_open and invoice is None and not is_trial,
        "is_trial": is_trial,
        "is_over": is_over or checkout.status == CheckoutStatus.EXPIRED,
        "waiting": find_waiting_payment(invoice.public_id) if invoice is not None and is_open else None,
        "is_processing": invoice is not None and is_open and is_being_paid(invoice.public_id),
    }
