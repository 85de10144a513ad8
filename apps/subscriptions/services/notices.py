"""What people are told of a paid subscription, an approval, and of what they planned for the end of a period."""

import datetime as dt

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.permissions import Action
from apps.core.money import major_units, minor_unit_digits
from apps.notifications.services import notify
from apps.plans.enums import BillingInterval
from apps.plans.models import Plan
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription


def tell_creator_of_request(subscription: Subscription) -> None:
    _tell_creator(
        subscription,
        "subscription.requested",
        _("%(organization)s asks to subscribe to %(product)s") % _names(subscription),
        _("They chose the plan %(plan)s. They cannot call before you approve.") % {"plan": subscription.plan.name},
    )


def tell_creator_of_beginning(subscription: Subscription) -> None:
    """Of one that pays; those of free plans are on the page of consumers, and may be many."""
    _tell_creator(
        subscription,
        "subscription.begun",
        _("%(organization)s has subscribed to %(product)s") % _names(subscription),
        _("They pay for the plan %(plan)s, and can call from now on.") % {"plan": subscription.plan.name},
    )


def tell_consumer_of_approval(subscription: Subscription) -> None:
    active = subscription.status in SubscriptionStatus.callable()
    _tell_consumer(
        subscription,
        "subscription.approved",
        _("Your subscription to %(product)s is approved") % _names(subscription),
        _("Create a key to make the first call.") if active else _("Pay the first invoice to begin."),
    )


def tell_consumer_of_purchase(subscription: Subscription) -> None:
    """Bought at Stripe: nobody has been here yet, so there is no key."""
    _tell_consumer(
        subscription,
        "subscription.purchased",
        _("Your subscription to %(product)s is ready") % _names(subscription),
        _("It is on the plan %(plan)s. Open it and create a key to make the first call; the key is shown to you once.")
        % {"plan": subscription.plan.name},
    )


def tell_consumer_of_refusal(subscription: Subscription) -> None:
    _tell_consumer(
        subscription,
        "subscription.declined",
        _("Your request to subscribe to %(product)s was declined") % _names(subscription),
        _("The creator of the product decides who gets this plan. You may choose another one or ask them."),
    )


def tell_consumer_of_new_plan(subscription: Subscription, previous: Plan) -> None:
    """After a change that was scheduled: from now on, calls may be refused that passed before."""
    names = _names(subscription) | {"plan": subscription.plan.name, "previous": previous.name}
    _tell_consumer(
        subscription,
        "subscription.plan_changed",
        _("%(product)s is on the plan %(plan)s now") % names,
        _("As planned, it took the place of %(previous)s at the end of the period. Its endpoints and limits hold.")
        % names,
    )


def tell_consumer_of_coming_plan(subscription: Subscription, plan: Plan) -> None:
    """The creator has planned a newer version for the next renewal: what it costs, and from when on."""
    assert subscription.current_period_end is not None  # it has begun
    price = major_units(plan.price_amount, plan.currency)
    values = _names(subscription) | {
        "plan": plan.name,
        "price": f"{price:,.{minor_unit_digits(plan.currency)}f} {plan.currency}",
        "interval": BillingInterval(plan.interval).label,
        "when": date_format(subscription.current_period_end.astimezone(dt.UTC), "j F Y"),
    }
    _tell_consumer(
        subscription,
        "subscription.migration_scheduled",
        _("%(product)s has new terms from %(when)s on") % values,
        _(
            "The plan %(plan)s then costs %(price)s for each %(interval)s; see its terms on the page of the product. "
            "Until then nothing changes, and you may choose another plan or cancel."
        )
        % values,
    )


def tell_consumer_of_migration(subscription: Subscription) -> None:
    """The creator has moved it to a newer version that does not cost more."""
    values = _names(subscription) | {"plan": subscription.plan.name}
    _tell_consumer(
        subscription,
        "subscription.migrated",
        _("%(product)s has new terms") % values,
        _("The creator has moved you to the newest version of %(plan)s. Nothing is charged for it now.") % values,
    )


def tell_consumer_of_end(subscription: Subscription) -> None:
    _tell_consumer(
        subscription,
        "subscription.ended",
        _("Your subscription to %(product)s has ended") % _names(subscription),
        _("As it was planned, it ended with its period. Its keys do not work any more."),
    )


def tell_consumer_of_ban(subscription: Subscription, reason: str) -> None:
    body = _("It ended at once, and your organization cannot subscribe to it again.")
    if reason:
        body += "\n\n" + _("The reason given: %(reason)s") % {"reason": reason}
    _tell_consumer(
        subscription, "subscription.banned", _("You are banned from %(product)s") % _names(subscription), body
    )


def _tell_consumer(subscription: Subscription, kind: str, title: str, body: str) -> None:
    organization = subscription.organization
    url = f"/o/{organization.slug}/subscriptions/{subscription.public_id}/"
    notify(organization=organization, kind=kind, title=title, body=body, url=url)


def _tell_creator(subscription: Subscription, kind: str, title: str, body: str) -> None:
    product = subscription.product
    url = f"/o/{product.organization.slug}/studio/{product.slug}/consumers/{subscription.public_id}/"
    notify(
        organization=product.organization, kind=kind, title=title, body=body, url=url, action=Action.CONSUMERS_MANAGE
    )


def _names(subscription: Subscription) -> dict[str, str]:
    return {"organization": subscription.organization.name, "product": subscription.product.name}
