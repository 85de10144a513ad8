"""The keys that the demo hands out, whose secrets exist nowhere but in `demo.json`."""

from collections.abc import Mapping

from apps.accounts.access import Actor
from apps.demo.credentials import Key
from apps.demo.fixtures import SubscriptionFixture
from apps.demo.progress import Progress
from apps.keys import secret
from apps.keys.models import ApiKey
from apps.keys.services import create_key
from apps.subscriptions.models import Subscription


def readable(secrets: list[str]) -> dict[bytes, str]:
    """The secrets by the digest under which their keys are stored."""
    return {secret.digest(text): text for text in secrets if secret.is_well_formed(text)}


def load_keys(
    fixture: SubscriptionFixture,
    *,
    actor: Actor,
    subscription: Subscription,
    example_path: str,
    secrets: Mapping[bytes, str],
    progress: Progress,
) -> list[Key]:
    """A working key of each name, its secret readable, with a path of the product to call.

    A secret exists only when its key is made. Where one is lost, a new key is made; the old one is left alone, since
    somebody may still use it.
    """
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
