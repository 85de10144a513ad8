"""Guessing keys is slow, and nobody who has one notices."""

import asyncio
import secrets
import time
from collections.abc import Iterator

import pytest
from django.conf import settings

from apps.core.changes import announce
from apps.gateway.engine.admission import guesses as engine_guesses
from apps.gateway.engine.admission.guesses import Guesses, network_of
from apps.gateway.guesses import SharedGuesses
from apps.keys import secret as key_secret
from tests.factories.keys import ApiKeyFactory
from tests.fakes.upstream import FakeUpstream
from tests.gateway.problems import assert_refused, check
from tests.gateway.server import RunningGateway, running_gateway
from tests.gateway.shop import Shop, open_shop
from tests.processes import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

LIMIT = 3


def somewhere() -> str:
    """An address that no other test calls from."""
    return f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"


@pytest.fixture(scope="module")
def guarded(open_database: None, upstream: FakeUpstream) -> Iterator[RunningGateway]:
    with running_gateway(allow=[upstream.address], trusted_proxy_hops=1, unknown_keys_max=LIMIT) as gateway:
        yield gateway


@pytest.fixture
def shop(guarded: RunningGateway, upstream: FakeUpstream) -> Shop:
    return open_shop(guarded, upstream)


def status(shop: Shop, address: str, key: str) -> int:
    return shop.anonymous("/things", headers=[("X-Forwarded-For", address), *key_header(key)]).status


def key_header(key: str) -> list[tuple[str, str]]:
    return [("X-Api-Key", key)] if key else []


def test_unknown_keys_are_refused_unseen_after_some(shop: Shop) -> None:
    guesser = somewhere()
    keys = ["none", key_secret.generate().secret, "af_live_" + "0" * 38]
    assert [status(shop, guesser, key) for key in keys] == [401] * LIMIT
    for key in (*keys, key_secret.generate().secret):
        # What the client says about itself does not make it another.
        forged = [("X-Forwarded-For", f"{somewhere()}, {guesser}"), ("X-Real-IP", somewhere()), *key_header(key)]
        reply = shop.anonymous("/things", headers=forged)
        kind = "https://iana.org/assignments/http-problem-types#quota-exceeded"
        assert check(reply, 429, "rate_limited", kind)["violated-policies"] == ["unknown-keys"]
        assert 0 < int(reply.get("Retry-After") or 0) <= 60
    assert status(shop, somewhere(), keys[0]) == 401
    assert shop.received == []
    assert shop.outcomes == []


def test_a_refused_guess_is_recorded_and_takes_nothing(shop: Shop) -> None:
    guesser = somewhere()
    for _ in range(LIMIT):
        status(shop, guesser, "none")
    shop.gateway.metering.rejected.clear()
    assert status(shop, guesser, key_secret.generate().secret) == 429
    assert_refused(shop, "rate_limited", known=False)
    assert shop.rejections[0].policy == "unknown-keys"


def test_keys_that_are_known_pass_from_there(shop: Shop) -> None:
    office = somewhere()
    assert status(shop, office, shop.secret) == 200
    assert [status(shop, office, "none") for _ in range(LIMIT + 1)] == [401] * LIMIT + [429]
    assert status(shop, office, shop.secret) == 200
    unseen = key_secret.generate()
    ApiKeyFactory(subscription=shop.subscription, generated=unseen)
    assert status(shop, office, unseen.secret) == 429
    assert status(shop, somewhere(), unseen.secret) == 200  # now it is known
    assert status(shop, office, unseen.secret) == 200


def test_keys_that_were_known_pass_from_there_after_a_change(shop: Shop) -> None:
    office = somewhere()
    assert status(shop, office, shop.secret) == 200
    assert [status(shop, office, "none") for _ in range(LIMIT + 1)] == [401] * LIMIT + [429]
    directory = shop.gateway.runtime.directory
    for topic in (f"product:{shop.product.pk}", f"plan:{shop.plan.pk}", f"subscription:{shop.subscription.pk}"):
        announce(topic)
        wait_until(lambda: directory.known_key(shop.key.digest) is None, what=f"it heard of {topic}")
        assert status(shop, office, shop.secret) == 200
    assert status(shop, office, key_secret.generate().secret) == 429


def test_calls_without_a_key_and_with_a_good_one_are_no_guesses(shop: Shop) -> None:
    caller = somewhere()
    assert {status(shop, caller, "") for _ in range(LIMIT * 3)} == {401}
    assert {status(shop, caller, shop.secret) for _ in range(LIMIT * 3)} == {200}
    assert status(shop, caller, "none") == 401


def test_the_network_of_a_client() -> None:
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8:1:2:3:4:5:6") == network_of("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::1") != network_of("2001:db8:1:2::1")
    assert network_of("nowhere") == "nowhere"


def test_the_window_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(engine_guesses.time, "monotonic", lambda: now)
    guesses = Guesses(2)
    guesses.failed("192.0.2.7")
    assert guesses.blocked_seconds("192.0.2.7") == 0
    guesses.failed("192.0.2.7")
    assert guesses.blocked_seconds("192.0.2.7") == pytest.approx(60)
    now += 59
    assert guesses.blocked_seconds("192.0.2.7") == pytest.approx(1)
    now += 1.1
    assert guesses.blocked_seconds("192.0.2.8") == 0
    assert not guesses.blocked  # whoever asks finds the table empty again
    guesses.failed("192.0.2.7")
    assert guesses.blocked_seconds("192.0.2.7") == 0


def test_no_more_networks_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_guesses, "NETWORKS_MAX", 10)
    guesses = Guesses(1)
    for number in range(50):
        guesses.failed(f"192.0.2.{number}")
    assert list(guesses.blocked) == [f"192.0.2.{number}" for number in range(40, 50)]


async def test_processes_count_together() -> None:
    address = somewhere()
    processes = [SharedGuesses(LIMIT, redis_url=settings.CACHE_URL) for _ in range(LIMIT + 1)]
    for process in processes:
        await process.start()
    for process in processes[:LIMIT]:
        process.failed(address)
        assert process._sending is not None
        await process._sending
    assert [bool(process.blocked) for process in processes] == [False] * (LIMIT - 1) + [True, False]
    assert 55 < processes[LIMIT - 1].blocked_seconds(address) <= 60
    processes[LIMIT].failed(address)  # hears of it with its first one
    assert processes[LIMIT]._sending is not None
    await processes[LIMIT]._sending
    assert processes[LIMIT].blocked_seconds(address) > 55
    for process in processes:
        await process.stop()


async def test_without_redis_each_process_counts_alone() -> None:
    alone = SharedGuesses(LIMIT, redis_url="redis://127.0.0.1:1")
    await alone.start()
    address = somewhere()
    for _ in range(LIMIT):
        assert alone.blocked_seconds(address) == 0
        alone.failed(address)
    assert alone.blocked_seconds(address) > 55
    assert alone._sending is not None
    async with asyncio.timeout(5):
        await alone._sending
    await alone.stop()
