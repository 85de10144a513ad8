"""What the platform charges the organization for hosting its products: apart from what it earns."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.permissions import Action
from apps.billing import services
from apps.billing.enums import CheckoutStatus
from apps.billing.hosting import get_hosting, list_hosting_invoices
from apps.portal.access import PortalRequest, organization_page
from apps.portal.wording import overages_in_words, quotas_in_words, trial_in_words
from apps.products.hosting import find_hosting_product
from apps.subscriptions.enums import SubscriptionStatus

INVOICES_SHOWN = 12


@require_safe
@organization_page
def index(request: PortalRequest) -> HttpResponse:
    sold = find_hosting_product()
    if sold is not None and sold.organization_id == request.actor.organization.pk:
        return redirect("portal:studio-product", request.actor.organization.slug, sold.slug)
    hosting = get_hosting(request.actor)
    subscription = hosting.subscription
    has_begun = subscription is not None and subscription.status in SubscriptionStatus.begun()
    context = {
        "hosting": hosting,
        "subscription": subscription,
        "has_begun": has_begun,
        "offers": [
            (offer, quotas_in_words(offer.plan), overages_in_words(offer.plan), trial_in_words(offer.plan))
            for offer in hosting.offers
        ],
        "may_choose": request.actor.may(Action.SUBSCRIPTIONS_MANAGE)
        and (subscription is None or subscription.status not in (SubscriptionStatus.UNPAID, SubscriptionStatus.PAUSED)),
        "invoices": list_hosting_invoices(request.actor, hosting.product)[:INVOICES_SHOWN]
        if request.actor.may(Action.BILLING_VIEW)
        else [],
    }
    return render(request, "hosting/hosting.html", context)


@require_POST
@organization_page
def choose(request: PortalRequest) -> HttpResponse:
    """To the checkout of a plan; for who has one, to what the change costs."""
    request.actor.require(Action.SUBSCRIPTIONS_MANAGE)
    slug = request.actor.organization.slug
    hosting = get_hosting(request.actor)
    chosen = request.POST.get("plan", "")
    plan = next((offer.plan for offer in hosting.offers if offer.plan.public_id == chosen), None)
    if plan is None:
        messages.error(request, _("This plan is not on sale any more. Choose one of those below."))
        return redirect("portal:hosting", slug)
    if hosting.subscription is not None and hosting.subscription.status in SubscriptionStatus.begun():
        return redirect(f"{reverse('portal:plan-change', args=[slug, hosting.subscription.public_id])}?to={plan.slug}")
    checkout = services.start_checkout(actor=request.actor, plan=plan)
    if checkout.status == CheckoutStatus.OPEN:
        return redirect("portal:checkout", slug, checkout.public_id)
    messages.success(request, _("Your hosting plan is %(plan)s now.") % {"plan": plan.name})
    return redirect("portal:hosting", slug)
