"""What one product or subscription takes of a process, others do not miss."""

import contextlib
from collections.abc import Iterator

import pytest

from apps.gateway.engine.observation.health import HealthRules
from apps.gateway.upstream import pool
from apps.keys import secret as key_secret
from tests.factories.keys import ApiKeyFactory
from tests.factories.products import TierFactory
from tests.factories.subscriptions import SubscriptionFactory
from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.problems import check
from tests.gateway.server import running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.test_failures import REDUCED_CAPACITY
from tests.gateway.wire import RawConnection
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")


@contextlib.contextmanager
def slow_uploads(shop: Shop, number: int) -> Iterator[None]:
    """So many calls that are on their way to the backend, with bodies that do not end."""
    with contextlib.ExitStack() as stack:
        for _ in range(number):
            connection = stack.enter_context(RawConnection(shop.gateway.port))
            connection.send(shop.head("POST", "Content-Length: 100\r\n") + b"x")
        wait_until(lambda: busy(shop) == number, what="the uploads are on their way")
        yield
    wait_until(lambda: busy(shop) == 0, what="the uploads have ended")


def busy(shop: Shop) -> int:
    opened, idle = shop.gateway.runtime.upstream.counts
    return opened - idle


class TestConnections:
    @pytest.fixture
    def shops(
        self, open_database: None, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[tuple[Shop, Shop]]:
        """Two products with one server behind both; a failure, and a backend is suspended."""
        monkeypatch.setattr(pool, "CONNECTIONS_MAX", 2)
        monkeypatch.setattr(pool, "POOL_SECONDS", 0.05)
        with running_gateway(allow=[upstream.address], health_rules=HealthRules(calls_min=1)) as gateway:
            yield open_shop(gateway, upstream, quota=10), open_shop(gateway, upstream)

    def test_each_product_has_its_own_to_the_same_server(self, shops: tuple[Shop, Shop]) -> None:
        crowded, other = shops
        with slow_uploads(crowded, 2):
            assert [other.call("/things").status for _ in range(3)] == [200] * 3
            assert check(crowded.call("/things"), 503, "overloaded", REDUCED_CAPACITY)

    def test_that_none_is_free_is_not_the_fault_of_the_backend(self, shops: tuple[Shop, Shop]) -> None:
        crowded, _ = shops
        with slow_uploads(crowded, 2):
            for _ in range(3):
                reply = crowded.call("/things")
                document = check(reply, 503, "overloaded", REDUCED_CAPACITY)
                assert "2 connections" in str(document["detail"])
                assert reply.get("Retry-After") == "1"
            assert crowded.gateway.runtime.engine.health.suspensions == 0
        assert [(done.outcome, done.status, done.units) for done in crowded.outcomes[:3]] == [
            ("overloaded", 503, 0)
        ] * 3
        assert crowded.call("/things").status == 200
        assert {request.method for request in crowded.received[:-1]} == {"POST"}


class TestPlaces:
    @pytest.fixture
    def shop(self, open_database: None, upstream: FakeUpstream) -> Iterator[Shop]:
        """In a process with places for eight calls."""
        with running_gateway(allow=[upstream.address], max_concurrent=8) as gateway:
            yield open_shop(gateway, upstream, per_minute=5)

    def test_a_subscription_has_a_quarter_of_them(self, shop: Shop, upstream: FakeUpstream) -> None:
        neighbour, other = key_secret.generate(), open_shop(shop.gateway, upstream)
        ApiKeyFactory(subscription=SubscriptionFactory(plan=shop.plan), generated=neighbour)
        with slow_uploads(shop, 2):
            reply = shop.call("/things")
            document = check(reply, 503, "share_taken", REDUCED_CAPACITY)
            assert "2 calls of this subscription" in str(document["detail"])
            assert reply.get("Retry-After") == "1"
            assert shop.gateway.metering.reserved(shop.subscription.pk) == 2
            (rejection,) = shop.rejections
            assert (rejection.code, rejection.subscription_id) == ("share_taken", shop.subscription.pk)
            assert (rejection.counter, rejection.limit) == (2, 2)
            assert other.call("/things").status == 200
            assert shop.anonymous("/things", headers=[("X-Api-Key", neighbour.secret)]).status == 200
        assert shop.call("/things").status == 200

    def test_it_leaves_connections_for_the_other_consumers_of_its_product(
        self, open_database: None, upstream: FakeUpstream
    ) -> None:
        """Three quarters of the four that the process has to their backend."""
        neighbour = key_secret.generate()
        with running_gateway(allow=[upstream.address], backend_connections=4) as gateway:
            shop = open_shop(gateway, upstream)
            ApiKeyFactory(subscription=SubscriptionFactory(plan=shop.plan), generated=neighbour)
            with slow_uploads(shop, 3):
                assert check(shop.call("/things"), 503, "share_taken", REDUCED_CAPACITY)
                assert shop.anonymous("/things", headers=[("X-Api-Key", neighbour.secret)]).status == 200
            assert shop.call("/things").status == 200

    def test_each_is_given_back_however_its_call_ended(self, shop: Shop) -> None:
        async def breaks(exchange: Exchange) -> None:
            raise OSError("broken")

        shop.endpoint("/dear", tier=TierFactory(product=shop.product, rank=99))
        assert [shop.call("/dear").status for _ in range(3)] == [403] * 3
        assert [shop.call("/things").status for _ in range(2)] == [200] * 2
        shop.backend_does(breaks)
        assert [shop.call("/things").status for _ in range(6)] == [502] * 3 + [429] * 3
