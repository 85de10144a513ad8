"""What people are told of an approval that was asked for, given or refused."""

from django.utils.translation import gettext as _

from apps.accounts.permissions import Action
from apps.notifications.services import notify
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription


def tell_creator_of_request(subscription: Subscription) -> None:
    product, plan = subscription.product, subscription.plan
    notify(
        organization=product.organization,
        kind="subscription.requested",
        title=_("%(organization)s asks to subscribe to %(product)s") % _names(subscription),
        body=_("They chose the plan %(plan)s. They cannot call before you approve.") % {"plan": plan.name},
        url=f"/o/{product.organization.slug}/studio/{product.slug}/consumers/{subscription.public_id}/",
        action=Action.CONSUMERS_MANAGE,
    )


def tell_consumer_of_approval(subscription: Subscription) -> None:
    active = subscription.status == SubscriptionStatus.ACTIVE
    _tell_consumer(
        subscription,
        "subscription.approved",
        _("Your subscription to %(product)s is approved") % _names(subscription),
        _("Create a key to make the first call.") if active else _("Pay the first invoice to begin."),
    )


def tell_consumer_of_refusal(subscription: Subscription) -> None:
    _tell_consumer(
        subscription,
        "subscription.declined",
        _("Your request to subscribe to %(product)s was declined") % _names(subscription),
        _("The creator of the product decides who gets this plan. You may choose another one or ask them."),
    )


def _tell_consumer(subscription: Subscription, kind: str, title: str, body: str) -> None:
    organization = subscription.organization
    url = f"/o/{organization.slug}/subscriptions/{subscription.public_id}/"
    notify(organization=organization, kind=kind, title=title, body=body, url=url)


def _names(subscription: Subscription) -> dict[str, str]:
    return {"organization": subscription.organization.name, "product": subscription.product.name}
