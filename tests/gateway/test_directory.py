"""What a process knows of products and keys: loaded once, live within seconds, and kept while Postgres is away."""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import OperationalError, transaction

from apps.core import clock
from apps.core.changes import announce
from apps.core.models import Change, SandboxClock
from apps.gateway import selectors, shelf
from apps.gateway.cache import AbsenceCache, TaggedCache
from apps.gateway.engine.ports import DirectoryUnavailable
from apps.gateway.shelf import Shelf
from apps.plans.enums import RateWindow
from apps.products.enums import ProductStatus
from apps.subscriptions.enums import SubscriptionStatus
from tests.factories.keys import ApiKeyFactory
from tests.factories.plans import PlanFactory, QuotaFactory, RateLimitFactory
from tests.factories.products import EndpointFactory, ProductFactory
from tests.fakes.upstream import FakeUpstream
from tests.gateway.server import RunningGateway, running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.processes import free_port, wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

# The promise is 5 s; that is also the deadline of the tests.
LIVE_SECONDS = 5.0


@pytest.fixture(scope="module", params=["pub/sub and polling", "polling alone"])
def live(request: pytest.FixtureRequest, open_database: None, upstream: FakeUpstream) -> Iterator[RunningGateway]:
    """A gateway that hears of changes in both ways, and one whose Redis is not there."""
    dead = f"redis://127.0.0.1:{free_port()}/0"
    url = settings.CACHE_URL if request.param == "pub/sub and polling" else dead
    with running_gateway(allow=[upstream.address], redis_url=url) as gateway:
        yield gateway


def becomes(shop: Shop, status: int, path: str = "/things") -> None:
    wait_until(lambda: shop.call(path).status == status, seconds=LIVE_SECONDS, what=f"{status} for {path}")


def change(topic: str, act: Callable[[], object]) -> None:
    with transaction.atomic():
        act()
        announce(topic)


# --- changes -------------------------------------------------------------------------------------


def test_a_revoked_key_ends_within_5_seconds(live: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(live, upstream)
    becomes(shop, 200)
    shop.key.revoked_at = dt.datetime.now(dt.UTC)
    change(f"key:{shop.key.pk}", shop.key.save)
    becomes(shop, 401)


def test_a_paused_subscription_ends_and_comes_back(live: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(live, upstream)
    becomes(shop, 200)
    for status, answer in ((SubscriptionStatus.PAUSED, 403), (SubscriptionStatus.ACTIVE, 200)):
        shop.subscription.status = status
        change(f"subscription:{shop.subscription.pk}", shop.subscription.save)
        becomes(shop, answer)


def test_a_product_changes(live: RunningGateway, upstream: FakeUpstream) -> None:
    shop = open_shop(live, upstream)
    becomes(shop, 404, "/new")
    change(f"product:{shop.product.pk}", lambda: shop.endpoint("/new"))
    becomes(shop, 200, "/new")
    shop.product.status = ProductStatus.SUSPENDED
    change(f"product:{shop.product.pk}", shop.product.save)
    becomes(shop, 403, "/new")


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


def test_known_keys_need_no_postgres_and_unknown_ones_are_not_guessed(
    upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_gateway(allow=[upstream.address], poll_seconds=0.1) as gateway:
        known, unknown = open_shop(gateway, upstream), open_shop(gateway, upstream)
        assert known.call("/things").status == 200

        def away(*args: object) -> None:
            raise OperationalError("the server is away")

        for read in ("find_key", "find_product", "list_changes"):
            monkeypatch.setattr(selectors, read, away)
        assert known.call("/things").status == 200
        reply = unknown.call("/things")
        assert (reply.status, reply.json()["code"], reply.get("Retry-After")) == (503, "unavailable", "1")
        # A key that cannot be one needs nobody to say so.
        assert known.anonymous("/things", headers=[("X-Api-Key", "guess")]).status == 401
        # What changed meanwhile is heard of afterwards.
        known.key.revoked_at = dt.datetime.now(dt.UTC)
        known.key.save()
        Change.objects.create(topic=f"key:{known.key.pk}")
        assert known.call("/things").status == 200
        monkeypatch.undo()
        becomes(known, 401)
        assert unknown.call("/things").status == 200


def test_a_known_key_asks_postgres_nothing(upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    for name in ("find_key", "find_product"):
        original = getattr(selectors, name)
        monkeypatch.setattr(selectors, name, lambda *args, n=name, o=original: reads.append(n) or o(*args))
    with running_gateway(allow=[upstream.address]) as gateway:
        shop = open_shop(gateway, upstream)
        for _ in range(5):
            assert shop.call("/things").status == 200
    assert sorted(reads) == ["find_key", "find_product"]


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
    assert (rule.quota_id, rule.included_units, rule.anchored_at) == (quota.pk, 1000, shop.subscription.started_at)


def test_removed_and_unreadable_endpoints_are_left_out(shop: Shop) -> None:
    EndpointFactory(tier=shop.tier, product=shop.product, path="/gone", removed_at=dt.datetime.now(dt.UTC))
    EndpointFactory(tier=shop.tier, product=shop.product, path="/bro{ken", pattern="/bro{ken")
    assert shop.call("/gone").status == 404
    assert shop.call("/things").status == 200


def test_products_that_do_not_exist(open_database: None) -> None:
    assert selectors.find_product("nobody") is None
    assert selectors.find_key(b"x" * 32) is None
    assert selectors.find_product(ProductFactory().slug) is not None


# --- shelves -------------------------------------------------------------------------------------


class Source:
    """Loads when the test lets it, and counts."""

    def __init__(self) -> None:
        self.loads = 0
        self.value: str | None = "old"
        self.error: Exception | None = None
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def load(self, key: str) -> str | None:
        self.loads += 1
        value, error = self.value, self.error
        self.begun.set()
        await self.gate.wait()
        if error is not None:
            raise error
        return value


@pytest.fixture
def source() -> Source:
    return Source()


def shelf_of(source: Source) -> Shelf[str, str]:
    return Shelf(load=source.load, tags_of=lambda _: ("tag",), size=10)


async def test_many_who_ask_at_once_share_one_load(source: Source) -> None:
    source.gate.clear()
    shop = shelf_of(source)
    asking = [asyncio.create_task(shop.find("a")) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()  # one who leaves does not take it from the others
    source.gate.set()
    assert [await task for task in asking[1:]] == ["old"] * 49
    assert source.loads == 1


async def test_what_changed_while_it_was_loaded_is_loaded_again(source: Source) -> None:
    source.gate.clear()
    entries = shelf_of(source)
    asking = asyncio.create_task(entries.find("a"))
    await source.begun.wait()
    source.value = "new"
    entries.forget("tag")
    source.gate.set()
    assert await asking == "new"
    assert await entries.find("a") == "new"
    assert source.loads == 2


async def test_what_keeps_changing_is_not_kept(source: Source) -> None:
    entries = shelf_of(source)
    original = source.load

    async def changing(key: str) -> str | None:
        entries.forget("other")
        return await original(key)

    entries._load = changing
    assert await entries.find("a") == "old"
    before = source.loads
    await entries.find("a")
    assert source.loads > before


async def test_what_does_not_exist_is_remembered_until_something_is_made(source: Source) -> None:
    source.value = None
    entries = shelf_of(source)
    assert [await entries.find("a") for _ in range(3)] == [None] * 3
    assert source.loads == 1
    source.value = "made"
    entries.forget_absent()
    assert await entries.find("a") == "made"


async def test_too_many_unknown_names_at_once_are_turned_away(source: Source) -> None:
    source.gate.clear()
    entries = shelf_of(source)
    entries_known = await _known(entries, source)
    waiting = [asyncio.create_task(entries.find(f"guess-{number}")) for number in range(shelf.LOADS_MAX)]
    await asyncio.sleep(0)
    with pytest.raises(DirectoryUnavailable):
        await entries.find("one more")
    assert await entries.find("known") == entries_known
    source.gate.set()
    await asyncio.gather(*waiting)


async def _known(entries: Shelf[str, str], source: Source) -> str | None:
    source.gate.set()
    value = await entries.find("known")
    source.gate.clear()
    return value


async def test_an_error_is_not_remembered(source: Source) -> None:
    entries = shelf_of(source)
    source.error = OperationalError("away")
    with pytest.raises(DirectoryUnavailable):
        await entries.find("a")
    source.error = None
    assert await entries.find("a") == "old"


# --- caches --------------------------------------------------------------------------------------


def test_the_least_recently_used_value_goes_first() -> None:
    cache: TaggedCache[str, int] = TaggedCache(2)
    cache.put("a", 1, ["t"])
    cache.put("b", 2, ["t"])
    cache.get("a")
    cache.put("c", 3, ["u"])
    assert [cache.get(key) for key in "abc"] == [1, None, 3]
    cache.drop("t")
    assert [cache.get(key) for key in "abc"] == [None, None, 3]
    cache.drop("u")
    assert len(cache) == 0
    assert cache._keys_by_tag == {}  # tags do not pile up


def test_a_value_put_again_has_its_new_tags_only() -> None:
    cache: TaggedCache[str, int] = TaggedCache(2)
    cache.put("a", 1, ["old"])
    cache.put("a", 2, ["new"])
    cache.drop("old")
    assert cache.get("a") == 2


def test_absence_is_forgotten_in_time_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("apps.gateway.cache.time.monotonic", lambda: now)
    absent: AbsenceCache[str] = AbsenceCache(2, 5.0)
    for key in "abc":
        absent.add(key)
    assert [key in absent for key in "abc"] == [False, True, True]
    now = 105.0
    assert "c" not in absent
