"""The locks of a purchase, taken in this order by everybody: product, payment, subscription, invoice, checkout."""

from django.db.models import Q

from apps.core.rows import first_or_not_found
from apps.products.models import Product
from apps.subscriptions.models import Subscription


def lock_product_of_sale(product_id: int) -> Product | None:
    """The product, locked like by everybody who changes plans or publication; before any of its subscriptions is.

    None where it is gone.
    """
    return Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()


def lock_subscription(subscription: Subscription, owned: Q) -> Subscription:
    """The subscription as it is now, locked until the transaction ends, where `owned` holds. Raises `NotFound`.

    It is no key lock, so that rows which only refer to the subscription can be added meanwhile. The row is locked
    alone and read afterwards: a query that locks and joins finds nothing where the plan was changed while it waited,
    as Postgres tries the new row against the old plan.
    """
    first_or_not_found(Subscription.objects.select_for_update(no_key=True).only("pk").filter(pk=subscription.pk))
    locked = first_or_not_found(
        Subscription.objects.select_related("organization", "product", "plan", "pending_plan").filter(
            owned, pk=subscription.pk
        )
    )
    locked.plan.product = locked.product  # it is a plan of this product, always: no need to read it again
    return locked
