"""Who subscribed to what, and the keys that the demo hands out."""

import datetime as dt
import random

from apps.accounts.access import Actor
from apps.demo import backdate
from apps.demo.credentials import Credentials, Key
from apps.demo.fixtures import SubscriptionFixture
from apps.demo.progress import Progress
from apps.keys import secret
from apps.keys.models import ApiKey
from apps.keys.services import create_key
from apps.plans.selectors import get_plan_on_sale
from apps.products.models import Product
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import find_live_subscription, list_subscriptions
from apps.subscriptions.services import subscribe


def load_subscription(
    fixture: SubscriptionFixture, *, actor: Actor, product: Product, progress: Progress
) -> tuple[Subscription | None, bool]:
    """The live subscription, and whether it was made now. One that was canceled is not made again (None)."""
    if list_subscriptions(actor).filter(product=product).exists():
        return find_live_subscription(actor, product), False
    plan = get_plan_on_sale(product, slug=fixture.plan)
    subscription = subscribe(actor=actor, plan=plan)
    progress.changed(f"Subscribed {actor.organization.name} to {product.name}, plan {plan.name}")
    return subscription, True


def set_back(fixture: SubscriptionFixture, subscription: Subscription, now: dt.datetime) -> None:
    """Let the subscription have begun when the fixture says, at some minute of that day."""
    minutes = random.Random(f"{fixture.consumer}|{fixture.product}").randrange(24 * 60)
    backdate.subscription(subscription, now - dt.timedelta(days=fixture.started_days_ago, minutes=minutes))


def load_keys(
    fixture: SubscriptionFixture,
    *,
    actor: Actor,
    subscription: Subscription,
    example_path: str,
    known: Credentials,
    progress: Progress,
) -> list[Key]:
    """A working key of each name, its secret readable, with a path of the product to call.

    A secret exists only when its key is made, so those of `known` are kept. Where one is lost, a new key is
    made; the old one is left alone, since somebody may still use it.
    """
    secrets = {secret.digest(key.key): key.key for key in known.api_keys if secret.is_well_formed(key.key)}
    product, keys = subscription.product, []
    for name in (key.name for key in fixture.keys):
        working = ApiKey.objects.filter(subscription=subscription, name=name, revoked_at__isnull=True)
        text = next((secrets[bytes(key.digest)] for key in working.filter(digest__in=secrets)), None)
        if text is None:
            key, text = create_key(actor=actor, subscription=subscription, name=name)
            progress.changed(f"Made the key “{name}” ({key}) for {product.name}")
        path = f"/{product.slug}{example_path}"
        keys.append(Key(product=product.slug, plan=subscription.plan.slug, key=text, path=path))
    return keys
