"""What subscriptions tell products, which are below them: who is subscribed, and what the end of a product ends."""

from django.db.models import QuerySet

from apps.accounts.models import Organization
from apps.products.models import Product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.services.writing import lock_any, move


def list_subscribed_organizations(product: Product) -> QuerySet[Organization]:
    """Those with a subscription to the product that is not canceled."""
    live = Subscription.objects.filter(product=product, status__in=SubscriptionStatus.live())
    return Organization.objects.filter(pk__in=live.values("organization"))


def on_product_retired(product: Product) -> None:
    """Cancel every subscription to the product, in the transaction that retires it."""
    live = Subscription.objects.filter(product=product, status__in=SubscriptionStatus.live())
    for subscription in live.order_by("pk").iterator():
        move(
            None,
            lock_any(subscription),
            SubscriptionStatus.CANCELED,
            "product_retired",
            f"Canceled {product.name}, which its creator has retired",
        )
