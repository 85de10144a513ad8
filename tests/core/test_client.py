"""The client's address: what a client claims of itself is never believed."""

import ipaddress

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from apps.core.client import UNKNOWN, client_address

PEER = "198.18.0.9"


def address(forwarded: str | None, peer: str = PEER) -> str:
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=peer, **headers))


@pytest.mark.parametrize("forwarded", [None, "", "1.2.3.4", "1.2.3.4, 5.6.7.8", "junk"])
def test_without_trusted_proxies_it_is_the_peer(settings: Settings, forwarded: str | None) -> None:
    settings.TRUSTED_PROXY_HOPS = 0
    assert address(forwarded) == PEER


@pytest.mark.parametrize(
    ("hops", "forwarded", "expected"),
    [
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),  # what the client sent stands to the left
        (2, "6.6.6.6, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (2, "203.0.113.7", PEER),  # has not passed both proxies
        (1, None, PEER),
        (1, "6.6.6.6, ", PEER),
        (1, "6.6.6.6, unknown", PEER),
        (1, " 203.0.113.7 ", "203.0.113.7"),
        (1, "203.0.113.7:4711", "203.0.113.7"),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, "[2001:db8::7]:4711", "2001:db8::7"),
        (1, "[2001:db8::7]", "2001:db8::7"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_with_trusted_proxies_it_is_what_the_outermost_saw(
    settings: Settings, hops: int, forwarded: str | None, expected: str
) -> None:
    settings.TRUSTED_PROXY_HOPS = hops
    assert address(forwarded) == expected


def test_a_server_that_does_not_say_gives_one_address_for_all(settings: Settings) -> None:
    settings.TRUSTED_PROXY_HOPS = 0
    assert address("1.2.3.4", peer="") == UNKNOWN


@given(st.text(max_size=60), st.integers(0, 3))
def test_it_is_always_an_address(forwarded: str, hops: int) -> None:
    from django.test import override_settings

    with override_settings(TRUSTED_PROXY_HOPS=hops):
        ipaddress.ip_address(address(forwarded))
