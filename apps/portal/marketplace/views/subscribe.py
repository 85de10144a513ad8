"""Subscribing to a plan: for which organization, what it gives, and the confirmation."""

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.models import Membership, User
from apps.accounts.permissions import Action, allows
from apps.accounts.selectors import get_actor, list_memberships_of
from apps.billing import services
from apps.billing.enums import CheckoutStatus
from apps.billing.models import Checkout
from apps.core.errors import NotFound
from apps.payments.errors import CardNeeded
from apps.plans.enums import PlanVisibility
from apps.plans.models import Plan
from apps.plans.selectors import find_replaced_plan, get_plan_seen_by, is_granted, list_plans_seen_by
from apps.portal.access import signed_in
from apps.portal.forms import carried_out
from apps.portal.marketplace.forms import SubscribeForm
from apps.portal.marketplace.offers import offer
from apps.products.models import Product
from apps.products.selectors import count_endpoints_by_rank
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.selectors import get_visible_product, list_live_subscriptions_of


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def subscribe(request: HttpRequest, slug: str, plan: str) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    product = get_visible_product(user=user, slug=slug)
    try:
        chosen = get_plan_seen_by(user, product, slug=plan)
    except NotFound:
        return _not_on_sale(request, product, plan)
    memberships = _who_may_buy(user, chosen)
    subscribed = list(list_live_subscriptions_of(user, product))
    # A purchase that is not paid can be gone on with, or given up for another plan.
    taken = {s.organization_id for s in subscribed if s.status != SubscriptionStatus.INCOMPLETE}
    free = [m for m in memberships if m.organization_id not in taken]
    # Who has a subscription already is offered too, on POST only: the service says why it cannot be.
    form = SubscribeForm(
        request.POST if request.method == "POST" else None,
        memberships=memberships if request.method == "POST" else free,
        plan=chosen,
        initial={"plan": chosen.public_id},
    )
    if request.method == "POST" and form.is_valid():
        checkout = _carry_out(form, user, chosen)
        if checkout is not None:
            return _after(request, checkout)
    context = {
        "product": product,
        "offer": offer(chosen, count_endpoints_by_rank(product)),
        "form": form,
        "subscribed": subscribed,
        "free": free,
        "memberships": memberships,
        "card_needed_by": form.data.get("organization") if form.has_error(NON_FIELD_ERRORS, CardNeeded.code) else None,
    }
    return render(request, "marketplace/subscribe.html", context, status=422 if form.errors else 200)


def _who_may_buy(user: User, plan: Plan) -> list[Membership]:
    """The person's organizations that they may subscribe for: of a private plan, those that it was granted to."""
    memberships = list(list_memberships_of(user))
    if plan.visibility == PlanVisibility.PRIVATE:
        memberships = [m for m in memberships if is_granted(m.organization, plan)]
    return [m for m in memberships if allows(m.role, Action.SUBSCRIPTIONS_MANAGE)]


def _carry_out(form: SubscribeForm, user: User, plan: Plan) -> Checkout | None:
    actor = get_actor(user=user, organization_slug=form.cleaned_data["organization"])
    return carried_out(form, lambda: services.start_checkout(actor=actor, plan=plan, overage=form.choice()))


def _after(request: HttpRequest, checkout: Checkout) -> HttpResponse:
    """To the payment, or to the subscription where nothing is to be paid (yet)."""
    subscription = checkout.subscription
    waits_for_card = subscription.status == SubscriptionStatus.INCOMPLETE
    if checkout.status == CheckoutStatus.OPEN and (checkout.invoice is not None or waits_for_card):
        return redirect("portal:checkout", checkout.organization.slug, checkout.public_id)
    if checkout.status == CheckoutStatus.OPEN:
        text = _("The creator of %(product)s decides whether %(organization)s gets the plan. You are told.")
    else:
        text = _("%(organization)s is subscribed to %(product)s. Create a key to make the first call.")
    messages.success(request, text % {"organization": checkout.organization, "product": subscription.product})
    return redirect("portal:subscription", checkout.organization.slug, subscription.public_id)


def _not_on_sale(request: HttpRequest, product: Product, slug: str) -> HttpResponse:
    """A plan that was sold once is answered with what is sold now; any other is not found."""
    replaced = find_replaced_plan(request.user, product, slug=slug)
    if replaced is None:
        raise NotFound
    context = {"product": product, "replaced": replaced, "plans": list_plans_seen_by(request.user, product)}
    return render(request, "marketplace/not_on_sale.html", context, status=410)
