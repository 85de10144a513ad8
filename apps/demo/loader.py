"""Loads the demo marketplace, all of it or nothing; what is there already stays as it is."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import transaction

from apps.core import clock
from apps.core.addresses import AddressRefused, check_url
from apps.core.errors import Invalid
from apps.demo import credentials, usage
from apps.demo.catalog import load_product
from apps.demo.consumers import load_keys, load_subscription, set_back
from apps.demo.credentials import Credentials
from apps.demo.fixtures import Marketplace, read_marketplace
from apps.demo.people import actor_for, load_company, load_people
from apps.demo.progress import Progress
from apps.products.models import Product

# Older than everything else: the people and their organizations.
FOUNDED = dt.timedelta(days=90)


def load_demo(say: Callable[[str], None]) -> int:
    """Make what the demo lacks, write its credentials, and return how many things were changed.

    Everything is made through the services of the apps, then set back in time. Raises `DomainError`: an address
    of a backend is missing or not allowed (`UPSTREAM_ALLOW`), or a slug belongs to somebody else.
    """
    marketplace = read_marketplace(Path(settings.BASE_DIR) / "fixtures" / "demo")
    known = credentials.read()
    progress = Progress(say)
    with transaction.atomic():
        found = _load(marketplace, known, progress)
    credentials.write(found)
    return progress.changes


def _load(marketplace: Marketplace, known: Credentials, progress: Progress) -> Credentials:
    now = clock.now()
    found = Credentials(users=load_people(marketplace.people, known=known, at=now - FOUNDED, progress=progress))
    for company in marketplace.companies:
        load_company(company, at=now - FOUNDED, progress=progress)
    fixtures = {product.slug: product for product in marketplace.products}
    history = usage.History()
    products: dict[str, Product] = {}
    for fixture in fixtures.values():
        actor = actor_for(fixture.organization, marketplace.companies)
        url = _backend_url(fixture.backend)
        product, is_new = load_product(fixture, actor=actor, upstream_url=url, now=now, progress=progress)
        products[fixture.slug] = product
        if is_new:
            usage.stray_history(fixture, product, now=now, history=history)
    for wish in marketplace.subscriptions:
        actor = actor_for(wish.consumer, marketplace.companies)
        subscription, is_new = load_subscription(wish, actor=actor, product=products[wish.product], progress=progress)
        if subscription is None:
            continue
        found.api_keys += load_keys(
            wish,
            actor=actor,
            subscription=subscription,
            example_path=fixtures[wish.product].example_path,
            known=known,
            progress=progress,
        )
        if is_new:
            set_back(wish, subscription, now)
            usage.subscription_history(wish, fixtures[wish.product], subscription, now=now, history=history)
    if history.events or history.rejections:
        usage.store(history)
        progress.changed(f"Added {len(history.events)} calls and {len(history.rejections)} rejections of the past")
    return found


def _backend_url(name: str) -> str:
    variable = f"{name.upper()}_URL"
    url = settings.DEMO_BACKENDS.get(name, "")
    if not url:
        raise Invalid(f"Set {variable} to the address of the demo's {name} backend.")
    try:
        return check_url(url, field=variable, allow=settings.UPSTREAM_ALLOW)
    except AddressRefused as error:
        raise AddressRefused(f"{error.message} To use {variable}, list its ip:port in UPSTREAM_ALLOW.") from None
