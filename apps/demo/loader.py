"""Loads the demo marketplace, all of it or nothing; what is there already stays as it is."""

import datetime as dt
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from django.conf import settings
from django.db import transaction

from apps.core import clock
from apps.core.addresses import AddressRefused, check_url
from apps.core.errors import Conflict, Invalid, NotFound
from apps.demo import credentials, usage
from apps.demo.acts import Acts
from apps.demo.catalog import deprecate, make_product, point_at_backend, write_changelog
from apps.demo.credentials import Credentials, Key, Login
from apps.demo.fixtures import (
    Act,
    ChangelogFixture,
    DeprecationFixture,
    Marketplace,
    ProductFixture,
    read_marketplace,
)
from apps.demo.keys import load_keys, readable
from apps.demo.people import actor_for, load_company, load_people
from apps.demo.progress import Progress
from apps.demo.replay import Replay
from apps.demo.usage import SubscriptionPast
from apps.keys.services import announce_expiring_keys
from apps.notifications.models import Notice
from apps.notifications.services import claim_email, mark_read
from apps.payments.enums import Provider
from apps.products.models import Product
from apps.products.selectors import get_product
from apps.products.services import recount_subscribers
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.models import Subscription
from apps.subscriptions.selectors import find_live_subscription

# Older than everything else: the people and their organizations.
FOUNDED = dt.timedelta(days=90)
# What people were told earlier they have read, some hours later.
UNREAD = dt.timedelta(days=5)
READ_AFTER = dt.timedelta(hours=3)


def load_demo(say: Callable[[str], None]) -> int:
    """Make the demo or what of it was lost, write its credentials, and return how many things were changed.

    Everything is made through the services of the apps, as of the time when it happened. Raises `DomainError`: an
    address of a backend is missing or not allowed (`UPSTREAM_ALLOW`), the address of a product is taken, there are
    subscriptions of others already, or no sandbox.
    """
    marketplace = read_marketplace(Path(settings.BASE_DIR) / "fixtures" / "demo")
    loader = _Loader(marketplace, credentials.read(), Progress(say))
    with transaction.atomic():
        found = loader.load()
    credentials.write(found)
    return loader.progress.changes


class _Loader:
    def __init__(self, marketplace: Marketplace, known: Credentials, progress: Progress) -> None:
        self.marketplace, self.known, self.progress = marketplace, known, progress
        self.now = clock.now()
        self.actor_of = cache(partial(actor_for, companies=marketplace.companies))
        self.urls = {product.slug: _backend_url(product.backend) for product in marketplace.products}
        self.secrets = [key.key for key in known.api_keys]

    def load(self) -> Credentials:
        if self._is_loaded():
            users = self._load_people()
            for fixture in self.marketplace.products:
                if product := self._find(fixture):
                    actor, url = self.actor_of(fixture.organization), self.urls[fixture.slug]
                    point_at_backend(product, actor=actor, upstream_url=url, progress=self.progress)
        else:
            users = self._tell_story()
        return Credentials(users=users, api_keys=self._load_keys())

    def _is_loaded(self) -> bool:
        """Whether a product of the demo is there: all was made in one step, so that nothing is made a second time."""
        owners = {product.slug: product.organization for product in self.marketplace.products}
        rows = Product.objects.filter(slug__in=owners).values_list("slug", "organization__slug")
        return any(owners[slug] == organization for slug, organization in rows)

    def _find(self, fixture: ProductFixture) -> Product | None:
        try:
            return get_product(self.actor_of(fixture.organization), slug=fixture.slug)
        except NotFound:
            return None

    def _load_people(self) -> list[Login]:
        return load_people(self.marketplace.people, known=self.known, progress=self.progress)

    # --- The first load ---------------------------------------------------------------------------
    def _tell_story(self) -> list[Login]:
        _check_can_replay()
        with clock.as_of(self.now - FOUNDED):
            users = self._load_people()
            for company in self.marketplace.companies:
                load_company(company, progress=self.progress)
        replay, products = Replay(self.now), dict[str, Product]()
        for fixture in self.marketplace.products:
            self._plan_product(replay, fixture, products)
        acts = Acts(actor_of=self.actor_of, products=products, subscriptions=self.marketplace.subscriptions)
        fixtures = {product.slug: product for product in self.marketplace.products}

        def do(act: Act) -> None:
            acts.do(act)
            replay.follow(
                SubscriptionPast(wish, fixtures[wish.product], subscription, now=self.now)
                for wish, subscription in acts.began
            )
            acts.began.clear()

        for act in self.marketplace.story:
            replay.at(act.at(self.now), partial(do, act))
        replay.run()
        strays = usage.History()
        for slug, product in products.items():
            usage.stray_history(fixtures[slug], product, now=self.now, history=strays)
        replay.store(strays)
        with clock.as_of(self.now):
            announce_expiring_keys()
            recount_subscribers()
        self._settle_notices()
        self.secrets += acts.secrets
        self.progress.changed(
            f"Replayed {len(self.marketplace.story)} acts, {replay.calls} calls and {replay.rejections} rejections"
        )
        return users

    def _plan_product(self, replay: Replay, fixture: ProductFixture, products: dict[str, Product]) -> None:
        """Its publication, and what its creator did with it later."""
        actor = self.actor_of(fixture.organization)

        def publish() -> None:
            url = self.urls[fixture.slug]
            products[fixture.slug] = make_product(fixture, actor=actor, upstream_url=url, progress=self.progress)

        def write(entry: ChangelogFixture) -> None:
            write_changelog(entry, actor=actor, product=products[fixture.slug])

        def mark(wish: DeprecationFixture) -> None:
            deprecate(wish, actor=actor, product=products[fixture.slug], now=self.now)

        replay.at(self._days_ago(fixture.published_days_ago), publish)
        for entry in fixture.changelog:
            replay.at(self._days_ago(entry.days_ago), partial(write, entry))
        for wish in fixture.deprecated:
            replay.at(self._days_ago(wish.days_ago), partial(mark, wish))

    def _days_ago(self, days: int) -> dt.datetime:
        return self.now - dt.timedelta(days=days)

    def _settle_notices(self) -> None:
        """No e-mail leaves for what happened weeks ago, and most of the notices have been read."""
        for notice in Notice.objects.waiting().select_related("user").filter(created_at__lte=self.now):
            with clock.as_of(notice.created_at):
                claim_email(notice_id=notice.pk)
            if notice.created_at < self.now - UNREAD:
                with clock.as_of(notice.created_at + READ_AFTER):
                    mark_read(user=notice.user, notice=notice)

    # --- Every load -------------------------------------------------------------------------------
    def _load_keys(self) -> list[Key]:
        keys: list[Key] = []
        products = {fixture.slug: (fixture, self._find(fixture)) for fixture in self.marketplace.products}
        for wish in self.marketplace.subscriptions:
            fixture, product = products[wish.product]
            actor = self.actor_of(wish.consumer)
            subscription = find_live_subscription(actor, product) if product else None
            if subscription is None or subscription.status not in SubscriptionStatus.callable():
                continue
            keys += load_keys(
                wish,
                actor=actor,
                subscription=subscription,
                example_path=fixture.example_path,
                secrets=readable(self.secrets),
                progress=self.progress,
            )
        return keys


def _check_can_replay() -> None:
    if not settings.SANDBOX_CLOCK or settings.PAYMENT_PROVIDER != Provider.SANDBOX:
        raise Conflict("The demo has a past with payments, which only a sandbox can replay.")
    if Subscription.objects.exists():
        raise Conflict("Somebody has subscribed here already: the demo's invoices would come before theirs.")


def _backend_url(name: str) -> str:
    variable = f"{name.upper()}_URL"
    url = settings.DEMO_BACKENDS.get(name, "")
    if not url:
        raise Invalid(f"Set {variable} to the address of the demo's {name} backend.")
    try:
        return check_url(url, field=variable, allow=settings.UPSTREAM_ALLOW)
    except AddressRefused as error:
        raise AddressRefused(f"{error.message} To use {variable}, list its ip:port in UPSTREAM_ALLOW.") from None
