"""When a subscription ends, as far as it is known: its own end, or that of its product."""

import datetime as dt

from apps.subscriptions.models import Subscription


def works_until(subscription: Subscription) -> dt.datetime | None:
    """Until when calls are answered where it is not renewed: to the end of the period, or of the product before that.

    None where no period has begun and the product has no end.
    """
    ends = (subscription.current_period_end, _product_end(subscription))
    return min((end for end in ends if end is not None), default=None)


def ends_at(subscription: Subscription) -> dt.datetime | None:
    """When it ends, as booked by the consumer or announced by the creator; None where it goes on."""
    return works_until(subscription) if subscription.cancel_at_period_end else _product_end(subscription)


def ends_with_product(subscription: Subscription) -> bool:
    """Whether the product ends within the running period."""
    end = _product_end(subscription)
    return end is not None and end == works_until(subscription)


def _product_end(subscription: Subscription) -> dt.datetime | None:
    return subscription.product.retires_at if subscription.product.is_retiring else None
