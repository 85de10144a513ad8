"""What a process knows of products and keys: loaded once, live within seconds, and kept while Postgres is away."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.conf import settings
from django.db import connection, transaction
from psycopg import sql

from apps.core import clock
from apps.core.changes import announce
from apps.core.models import Change, SandboxClock
from apps.gateway import feed, selectors
from apps.gateway.engine.entities import ProductEntry, RecordingWish, Timeouts
from apps.keys.services import change_key
from apps.plans.enums import RateWindow
from apps.products.enums import ProductStatus
from apps.products.services import update_product
from apps.subscriptions.enums import SubscriptionStatus
from apps.subscriptions.services import mark_paid, mark_past_due, mark_unpaid
from tests.factories.actors import make_actor
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.products import EndpointFactory, ProductFactory
from tests.fakes.upstream import FakeUpstream
from tests.gateway.server import RunningGateway, running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.wire import call
from tests.processes import free_port, wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

# The promise is 5 s; that is also the deadline of the tests.
LIVE_SECONDS = 5.0
# These gateways poll more often than a real one, for which this deadline leaves room for two polls.
POLL_SECONDS = 0.4


@pytest.fixture(scope="module", params=["pub/sub and polling", "polling alone"])
def live(request: pytest.FixtureRequest, open_database: None, upstream: FakeUpstream) -> Iterator[RunningGateway]:
    """A gateway that hears of changes in both ways, and one whose Redis is not there."""
    dead = f"redis://127.0.0.1:{free_port()}/0"
    url = settings.CACHE_URL if request.param == "pub/sub and polling" else dead
    with running_gateway(allow=[upstream.address], redis_url=url, poll_seconds=POLL_SECONDS) as gateway:
        yield gateway


def becomes(shop: Shop, status: int, path: str = "/things") -> None:
    wait_until(lambda: shop.call(path).status == status, seconds=LIVE_SECONDS, what=f"{status} for {path}")


def change(topic: str, act: Callable[[], object]) -> None:
    with transaction.atomic():
        act()
        announce(topic)


def test_a_process_remembers_as_many_keys_as_it_is_told(
    open_database: None, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "GATEWAY_KEYS_MAX", 1)
    read: list[bytes] = []
    find_key = selectors.find_key
    monkeypatch.setattr(
        selectors, "find_key", lambda digest, *plans: (read.append(digest), find_key(digest, *plans))[1]
    )
    with running_gateway(allow=[upstream.address]) as gateway:
        one, other = open_shop(gateway, upstream), open_shop(gateway, upstream)
        for shop in (one, one, other, one):
            assert shop.call("/things").status == 200
    assert read == [one.key.digest, other.key.digest, one.key.digest]


def test_two_polls_of_a_real_gateway_fit_into_the_promise() -> None:
    assert 2 * feed.POLL_SECONDS < LIVE_SECONDS


# --- changes -------------------------------------------------------------------------------------


def test_a_revoked_key_ends_within_5_seconds(live: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(live, upstream)
    becomes(shop, 200)
    shop.key.revoked_at = dt.datetime.now(dt.UTC)
    change(f"key:{shop.key.pk}", shop.key.save)
    becomes(shop, 401)


def test_a_key_works_from_where_its_owner_says(live: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(live, upstream)
    becomes(shop, 200)
    consumer = make_actor(shop.subscription.organization)
    for networks, status in ((["192.0.2.0/24"], 403), (["127.0.0.0/8"], 200)):
        change_key(actor=consumer, key=shop.key, allowed_networks=networks)
        becomes(shop, status)


def test_a_paused_subscription_ends_and_comes_back(live: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(live, upstream)
    becomes(shop, 200)
    for status, answer in ((SubscriptionStatus.PAUSED, 403), (SubscriptionStatus.ACTIVE, 200)):
        shop.subscription.status = status
        change(f"subscription:{shop.subscription.pk}", shop.subscription.save)
        becomes(shop, answer)


def test_an_unpaid_subscription_ends_and_is_restored_by_the_payment(
    live: RunningGateway, upstream: FakeUpstream
) -> None:
    shop = open_shop(live, upstream)
    mark_past_due(subscription=shop.subscription)
    becomes(shop, 200)
    mark_unpaid(subscription=shop.subscription)
    becomes(shop, 402)
    mark_paid(subscription=shop.subscription)
    becomes(shop, 200)


def test_a_product_changes(live: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(live, upstream)
    becomes(shop, 404, "/new")
    change(f"product:{shop.product.pk}", lambda: shop.endpoint("/new"))
    becomes(shop, 200, "/new")
    shop.product.status = ProductStatus.SUSPENDED
    change(f"product:{shop.product.pk}", shop.product.save)
    becomes(shop, 403, "/new")


def test_what_a_creator_sets_is_live_in_every_process(
    live: RunningGateway, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the services, which announce it themselves."""
    monkeypatch.setattr(settings, "UPSTREAM_ALLOW", [upstream.address])
    shop = open_shop(live, upstream)
    becomes(shop, 200)
    owner = make_actor(shop.product.organization)

    def known() -> ProductEntry:
        entry = live.runtime.directory.known_product(shop.product.slug)
        return entry or asyncio.run_coroutine_threadsafe(
            live.runtime.directory.find_product(shop.product.slug), live.loop
        ).result(20)

    kept = {"name": shop.product.name, "upstream_url": shop.product.upstream_url}
    update_product(
        actor=owner, product=shop.product, **kept, connect_seconds=7, idle_seconds=8, total_seconds=9, timeout_seconds=6
    )
    wait_until(lambda: known().timeouts == Timeouts(7, 6, 8, 9), seconds=5, what="the timeouts")
    update_product(actor=owner, product=shop.product, **kept, log_bodies=True, total_seconds=0)
    wait_until(lambda: known().recording == RecordingWish(headers=False, bodies=True), seconds=5, what="the recording")
    assert known().timeouts.total_seconds is None
    update_product(actor=owner, product=shop.product, **kept, denied_networks=["127.0.0.0/8"])
    becomes(shop, 403)


def test_a_plan_change_changes_the_limits(live: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(live, upstream, quota=1)
    becomes(shop, 429)
    shop.subscription.plan = PlanFactory(tier=shop.tier)
    change(f"subscription:{shop.subscription.pk}", shop.subscription.save)
    becomes(shop, 200)


def test_a_product_and_a_key_that_were_asked_for_too_early_appear(live: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(live, upstream)
    shop.key.delete()
    shop.product.slug = f"{shop.product.slug}-later"
    becomes(shop, 404)
    change(f"product:{shop.product.pk}", shop.product.save)
    becomes(shop, 401)
    digest = shop.key.digest
    change("key:0", lambda: ApiKeyFactory(subscription=shop.subscription, digest=digest))
    becomes(shop, 200)


def test_a_change_whose_transaction_ends_after_a_later_one_is_not_missed(upstream: FakeUpstream) -> None:
    """Ids are given when rows are written, and seen when they are committed: 7 may come after 8."""
    with running_gateway(allow=[upstream.address], redis_url="redis://127.0.0.1:1", poll_seconds=0.1) as gateway:
        shop = open_shop(gateway, upstream)
        becomes(shop, 200)
        first = Change.objects.create(topic="other:1")
        Change.objects.filter(pk=first.pk).delete()
        Change.objects.create(topic="other:2")
        # Let the later one be read before the earlier one exists.
        polled = 0

        def two_polls() -> bool:
            nonlocal polled
            polled += 1
            return polled > 20

        wait_until(two_polls, what="two polls")
        shop.key.revoked_at = dt.datetime.now(dt.UTC)
        shop.key.save()
        Change.objects.create(pk=first.pk, topic=f"key:{shop.key.pk}")
        becomes(shop, 401)


def test_the_sandbox_clock_moves_the_expiry_of_keys(live: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(live, upstream)
    shop.key.expires_at = dt.datetime.now(dt.UTC) + dt.timedelta(days=10)
    shop.key.save()
    becomes(shop, 200)
    try:
        clock.advance(dt.timedelta(days=11))
        becomes(shop, 401)
    finally:
        SandboxClock.objects.all().delete()
        clock.refresh()
        announce("clock")


# --- Postgres away -------------------------------------------------------------------------------


@contextlib.contextmanager
def postgres_away() -> Iterator[None]:
    """The database accepts no connections, and has ended those that it had (also this test's)."""
    database = connection.settings_dict
    server = {
        "host": database["HOST"],
        "port": database["PORT"],
        "user": database["USER"],
        "password": database["PASSWORD"],
    }
    name = sql.Identifier(database["NAME"])
    connection.close()
    with psycopg.connect(**server, dbname="postgres", autocommit=True) as admin:
        try:
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database["NAME"]]
            )
            yield
        finally:
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


def test_known_keys_need_no_postgres_and_unknown_ones_are_not_guessed(upstream: FakeUpstream) -> None:
    with running_gateway(allow=[upstream.address], poll_seconds=0.1) as gateway:
        known, unknown = open_shop(gateway, upstream), open_shop(gateway, upstream)
        assert known.call("/things").status == 200
        with postgres_away():
            for _ in range(3):
                assert known.call("/things").status == 200
            reply = unknown.call("/things")
            assert (reply.status, reply.json()["code"], reply.get("Retry-After")) == (503, "unavailable", "1")
            # A key that cannot be one needs nobody to say so.
            assert known.anonymous("/things", headers=[("X-Api-Key", "guess")]).status == 401

            def is_told() -> bool:
                health = call(f"{gateway.url}/_gateway/healthz")
                told = (health.status, health.json()["status"], health.json()["away"])
                return told == (200, "degraded", ["postgres"])

            wait_until(is_told, what="the probe says so")
        assert unknown.call("/things").status == 200
        known.key.revoked_at = dt.datetime.now(dt.UTC)
        change(f"key:{known.key.pk}", known.key.save)
        becomes(known, 401)


def test_a_known_key_asks_postgres_nothing(upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    for name in ("find_key", "find_product"):
        original = getattr(selectors, name)
        monkeypatch.setattr(selectors, name, lambda *args, n=name, o=original: reads.append(n) or o(*args))
    with running_gateway(allow=[upstream.address]) as gateway:
        shop = open_shop(gateway, upstream)

        def asks_nothing() -> bool:
            reads.clear()
            for _ in range(5):
                assert shop.call("/things").status == 200
            return not reads

        # At first it hears of the shop's own making, and forgets what it has just read.
        wait_until(asks_nothing, what="everything known")


# --- what is loaded ------------------------------------------------------------------------------


def test_limits_of_an_endpoint_stand_in_for_those_of_the_plan(shop: Shop) -> None:
    special = shop.endpoint("/special")
    RateLimitFactory(plan=shop.plan, name="per-minute", max_calls=5)
    RateLimitFactory(plan=shop.plan, name="endpoint-per-hour", endpoint=special, max_calls=2, window=RateWindow.HOUR)
    quota = QuotaFactory(plan=shop.plan)
    key = selectors.find_key(shop.key.digest)
    assert key is not None
    product = selectors.find_product(shop.product.slug)
    assert product is not None
    endpoints = {
        path: match.endpoints["GET"]
        for path in ("special", "things")
        if (match := product.routes.match((path,), (path,))) is not None
    }
    (plain,) = key.entitlement.rates_for(endpoints["things"])
    (own,) = key.entitlement.rates_for(endpoints["special"])
    assert (plain.counter, plain.max_calls, plain.window_ms) == (f"plan:{shop.plan.pk}:minute", 5, 60_000)
    assert (own.counter, own.max_calls, own.window_ms) == (f"ep:{special.pk}:hour", 2, 3_600_000)
    # The same object every time: metering works out what follows from it only once.
    assert key.entitlement.rates_for(endpoints["things"]) is key.entitlement.rates_for(endpoints["things"])
    (rule,) = key.entitlement.quotas
    assert (rule.name, rule.ceiling_units, rule.anchored_at) == (quota.name, 1000, shop.subscription.anchored_at)


def test_removed_and_unreadable_endpoints_are_left_out(shop: Shop) -> None:
    EndpointFactory(tier=shop.tier, product=shop.product, path="/gone", removed_at=dt.datetime.now(dt.UTC))
    EndpointFactory(tier=shop.tier, product=shop.product, path="/bro{ken", pattern="/bro{ken")
    assert shop.call("/gone").status == 404
    assert shop.call("/things").status == 200


def test_products_that_do_not_exist(open_database: None) -> None:
    assert selectors.find_product("nobody") is None
    assert selectors.find_key(b"x" * 32) is None
    assert selectors.find_product(ProductFactory().slug) is not None
