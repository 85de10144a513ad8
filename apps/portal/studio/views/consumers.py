"""The consumers of a product: who is subscribed, what they use, and what their creator may do about it."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.permissions import Action
from apps.portal.access import PortalRequest
from apps.portal.rendering import render_page
from apps.portal.studio.access import product_page
from apps.portal.studio.query import chosen, searched
from apps.products.models import Product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.selectors import count_live_subscriptions, get_consumer, list_changes, search_consumers
from apps.subscriptions.services import pause_consumer, reset_quota, resume_consumer
from apps.subscriptions.state import TRANSITIONS

PAGE_SIZE = 50


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    search, status = searched(request), chosen(request, "status", SubscriptionStatus.values)
    found = search_consumers(request.actor, product, search=search, status=status)
    context = {
        "product": product,
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "search": search,
        "status": status,
        "statuses": SubscriptionStatus.choices,
        "live": count_live_subscriptions([product]).get(product.pk, 0),
    }
    return render_page(request, "studio/consumers.html", context, fragment="consumers")


@require_safe
@product_page
def detail(request: PortalRequest, product: Product, subscription_id: str) -> HttpResponse:
    actor = request.actor
    subscription = get_consumer(actor, product, public_id=subscription_id)
    may_manage = actor.may(Action.CONSUMERS_MANAGE)
    following = TRANSITIONS[SubscriptionStatus(subscription.status)]
    context = {
        "product": product,
        "subscription": subscription,
        "changes": list_changes(subscription),
        "may_pause": may_manage and SubscriptionStatus.PAUSED in following,
        "may_resume": may_manage and subscription.status == SubscriptionStatus.PAUSED,
        "may_reset": may_manage and subscription.status != SubscriptionStatus.CANCELED,
    }
    return render(request, "studio/consumer.html", context)


@require_POST
@product_page
def pause(request: PortalRequest, product: Product, subscription_id: str) -> HttpResponse:
    subscription = get_consumer(request.actor, product, public_id=subscription_id)
    pause_consumer(actor=request.actor, subscription=subscription)
    messages.success(request, _("%(name)s is paused.") % {"name": subscription.organization.name})
    return _back(request, product, subscription_id)


@require_POST
@product_page
def resume(request: PortalRequest, product: Product, subscription_id: str) -> HttpResponse:
    subscription = get_consumer(request.actor, product, public_id=subscription_id)
    resume_consumer(actor=request.actor, subscription=subscription)
    messages.success(request, _("%(name)s may call again.") % {"name": subscription.organization.name})
    return _back(request, product, subscription_id)


@require_POST
@product_page
def reset(request: PortalRequest, product: Product, subscription_id: str) -> HttpResponse:
    subscription = get_consumer(request.actor, product, public_id=subscription_id)
    reset_quota(actor=request.actor, subscription=subscription)
    messages.success(request, _("%(name)s has its whole quota again.") % {"name": subscription.organization.name})
    return _back(request, product, subscription_id)


def _back(request: PortalRequest, product: Product, subscription_id: str) -> HttpResponse:
    return redirect("portal:studio-consumer", request.actor.organization.slug, product.slug, subscription_id)
