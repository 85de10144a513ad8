"""A backend that does not answer is left alone, and found again when it is back."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from apps.core.redis_client import impatient_redis
from apps.gateway.engine.observation.health import WINDOW_SECONDS, Health, HealthRules, Suspended
from apps.gateway.outages import begin_outage, end_outage, find_outage
from tests.factories.products import ProductFactory
from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.problems import check
from tests.gateway.server import running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.gateway.test_failures import REDUCED_CAPACITY
from tests.gateway.wire import RawConnection
from tests.processes import wait_until

RULES = HealthRules()
URL = "https://backend.example.com"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def changes() -> list[tuple[int, str, bool]]:
    return []


@pytest.fixture
def health(clock: Clock, changes: list[tuple[int, str, bool]]) -> Health:
    return Health(clock=clock, on_change=lambda *change: changes.append(change))


def calls(health: Health, verdicts: str, product: int = 1) -> None:
    """A call for each letter: a plus got an answer, a minus none, a dot was given up by its client."""
    for verdict in verdicts:
        passage = health.enter(product, URL)
        if verdict == "+":
            passage.succeeded()
        elif verdict == "-":
            passage.failed()
        passage.left()


def is_suspended(health: Health, product: int = 1) -> bool:
    try:
        health.enter(product, URL).left()
    except Suspended:
        return True
    return False


class TestBreaker:
    @pytest.mark.parametrize(
        ("verdicts", "opens"),
        [
            ("-" * 19, False),
            ("-" * 20, True),
            ("+" * 11 + "-" * 10, False),
            ("+" * 10 + "-" * 10, True),
            ("." * 100 + "-" * 19, False),  # who goes away says nothing about the backend
            ("+" * 1000 + "-" * 999, False),
        ],
    )
    def test_opens_at_so_many_calls_and_such_a_share(self, health: Health, verdicts: str, opens: bool) -> None:
        calls(health, verdicts)
        assert is_suspended(health) is opens
        assert (health.suspended, health.suspensions) == (opens, opens)

    def test_failures_of_long_ago_are_forgotten(self, health: Health, clock: Clock) -> None:
        calls(health, "-" * 19)
        clock.now += WINDOW_SECONDS
        calls(health, "-")
        assert not is_suspended(health)

    def test_is_tried_by_one_call_within_a_pause(
        self, health: Health, clock: Clock, changes: list[tuple[int, str, bool]]
    ) -> None:
        calls(health, "-" * 20)
        with pytest.raises(Suspended) as suspended:
            health.enter(1, URL)
        assert suspended.value.seconds == RULES.suspended_seconds
        clock.now += RULES.suspended_seconds
        trial = health.enter(1, URL)
        assert is_suspended(health)
        trial.left()  # refused by a limit, or its client went away: the next one tries
        trial = health.enter(1, URL)
        trial.failed()
        trial.left()
        assert is_suspended(health)
        clock.now += RULES.suspended_seconds
        health.enter(1, URL).succeeded()
        assert not is_suspended(health)
        calls(health, "-" * 19)  # it begins anew
        assert not is_suspended(health)
        assert changes == [(1, URL, True), (1, URL, True), (1, URL, False)]
        assert health.suspensions == 2

    def test_a_trial_that_takes_long_is_not_waited_for(
        self, health: Health, clock: Clock, changes: list[tuple[int, str, bool]]
    ) -> None:
        calls(health, "-" * 20)
        clock.now += RULES.suspended_seconds
        slow = health.enter(1, URL)  # such as an upload of a byte a minute
        clock.now += RULES.suspended_seconds - 1
        with pytest.raises(Suspended) as suspended:
            health.enter(1, URL)
        assert suspended.value.seconds == 1
        clock.now += 1
        health.enter(1, URL).succeeded()
        slow.failed()  # says nothing about the backend of now
        assert not is_suspended(health)
        assert changes == [(1, URL, True), (1, URL, False)]

    def test_calls_from_before_do_not_decide_about_the_time_after(self, health: Health, clock: Clock) -> None:
        early = [health.enter(1, URL) for _ in range(30)]
        calls(health, "-" * 20)
        for passage in early[:15]:
            passage.succeeded()
            passage.left()
        assert is_suspended(health)
        clock.now += RULES.suspended_seconds
        trial = health.enter(1, URL)
        for passage in early[15:]:
            passage.failed()
        trial.succeeded()
        trial.left()
        assert not is_suspended(health)

    def test_each_product_has_its_own(self, health: Health) -> None:
        calls(health, "-" * 20, product=1)
        assert is_suspended(health, 1)
        assert not is_suspended(health, 2)

    @given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=200))
    def test_is_what_counting_anew_each_time_would_say(self, steps: list[tuple[int, bool]]) -> None:
        rules, clock = HealthRules(calls_min=5, failed_share=0.6), Clock()
        health = Health(rules=rules, clock=clock)
        seen: list[tuple[float, bool]] = []
        for seconds, is_failure in steps:
            clock.now += seconds
            passage = health.enter(1, URL)
            seen.append((clock.now, is_failure))
            passage.failed() if is_failure else passage.succeeded()
            window = [failed for at, failed in seen if at > clock.now - WINDOW_SECONDS]
            if is_failure and len(window) >= 5 and sum(window) >= 0.6 * len(window):
                assert health.suspended == 1
                return
            assert health.suspended == 0


@pytest.mark.usefixtures("transactional_db")
class TestGateway:
    @pytest.fixture
    def backend(self) -> Iterator[FakeUpstream]:
        with FakeUpstream() as running:
            yield running

    @pytest.fixture
    def shop(self, open_database: None, backend: FakeUpstream) -> Iterator[Shop]:
        rules = HealthRules(calls_min=3, suspended_seconds=0.2)
        with running_gateway(allow=[backend.address], health_rules=rules) as gateway:
            yield open_shop(gateway, backend, quota=100, per_minute=100)

    def test_a_backend_that_dies_is_suspended_and_found_again(self, shop: Shop, backend: FakeUpstream) -> None:
        shop.call("/things")
        backend.__exit__(None, None, None)
        assert [shop.call("/things").status for _ in range(3)] == [502, 502, 503]
        forwarded = len(shop.outcomes)
        reply = shop.call("/things")
        document = check(reply, 503, "upstream_suspended", REDUCED_CAPACITY)
        assert "127.0.0.1" not in str(document)
        assert reply.get("Retry-After") == "1"
        assert shop.rejections[-1].code == "upstream_suspended"
        assert len(shop.outcomes) == forwarded == shop.gateway.metering.reserved(shop.subscription.pk)
        assert shop.gateway.runtime.engine.health.suspended == 1
        wait_until(lambda: find_outage(shop.product), what="the creator was told")
        with FakeUpstream(port=backend.port):
            wait_until(lambda: shop.call("/things").status == 200, what="found again")
            assert shop.call("/things").status == 200
        wait_until(lambda: find_outage(shop.product) is None, what="the note was taken away")

    def test_errors_that_the_backend_answers_are_answers(self, shop: Shop) -> None:
        async def error(exchange: Exchange) -> None:
            await exchange.answer(503)

        shop.backend_does(error)
        assert [shop.call("/things").get("Content-Type") for _ in range(5)] == [None] * 5
        assert shop.gateway.runtime.engine.health.suspended == 0

    def test_consumers_cannot_suspend_it_by_leaving_or_by_uploading_too_much(self, shop: Shop) -> None:
        shop.product.max_body_bytes = 1
        shop.product.save()
        for _ in range(5):
            reply = shop.call("/things", "POST", [("Transfer-Encoding", "chunked")], b"2\r\nxx\r\n0\r\n\r\n")
            assert reply.status == 413
        assert shop.gateway.runtime.engine.health.suspended == 0

    def test_consumers_cannot_suspend_it_by_uploads_that_stop(self, shop: Shop) -> None:
        async def loses_patience(exchange: Exchange) -> None:
            await exchange.reader.readexactly(3)
            raise OSError("the rest does not come")

        shop.backend_does(loses_patience)
        for _ in range(5):
            with RawConnection(shop.gateway.port) as connection:
                connection.send(shop.head("POST", "Content-Length: 6\r\n") + b"abc")
                assert connection.read_message().startswith(b"HTTP/1.1 502 ")
        assert shop.gateway.runtime.engine.health.suspended == 0


@pytest.mark.django_db
def test_a_note_keeps_its_beginning_and_ends_by_itself() -> None:
    product = ProductFactory(upstream_url=f"{URL}/")
    assert find_outage(product) is None
    begin_outage(product.pk, URL)
    since = find_outage(product)
    begin_outage(product.pk, URL)
    assert find_outage(product) == since
    assert 0 < impatient_redis(settings.CACHE_URL).ttl(f"af:outage:{product.pk}") <= 600
    product.upstream_url = "https://elsewhere.example.com"
    assert find_outage(product) is None
    product.upstream_url = URL
    end_outage(product.pk, URL)
    assert find_outage(product) is None
