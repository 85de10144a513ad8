"""Who is at the other end: what a client claims of itself is never believed, by web and gateway alike."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.peers import UNKNOWN, client_address, client_scheme

PEER = "192.0.2.9"


@pytest.mark.parametrize(
    ("forwarded", "hops", "expected"),
    [
        ("", 0, PEER),
        ("198.51.100.1", 0, PEER),  # nobody is trusted
        ("", 1, PEER),
        ("198.51.100.1", 1, "198.51.100.1"),
        ("10.0.0.1, 198.51.100.1", 1, "198.51.100.1"),  # what the client wrote itself is not believed
        ("10.0.0.1,198.51.100.1", 1, "198.51.100.1"),
        ("1.1.1.1, 198.51.100.1, 198.51.100.2", 2, "198.51.100.1"),
        ("198.51.100.1", 2, "198.51.100.1"),  # past one proxy of two: that one is believed
        (" 198.51.100.1 ", 1, "198.51.100.1"),
        ("198.51.100.1:4711", 1, "198.51.100.1"),
        ("2001:db8::7", 1, "2001:db8::7"),
        ("[2001:db8::1]", 1, "2001:db8::1"),
        ("[2001:db8::1]:4711", 1, "2001:db8::1"),
        ("2001:DB8:0:0::1", 1, "2001:db8::1"),
        ("fe80::1%eth0", 1, "fe80::1"),
        ("::ffff:198.51.100.1", 1, "198.51.100.1"),
        ("unknown", 1, PEER),
        ("6.6.6.6, ", 1, PEER),
        ("198.51.100.1, garbage", 1, PEER),
        ("198.51.100.1, garbage", 2, PEER),  # the chain ends where nobody is named
        ("1.1.1.1," * 1000 + "198.51.100.1", 1, "198.51.100.1"),
        ("\xff\xfe", 1, PEER),
    ],
)
def test_the_address(forwarded: str, hops: int, expected: str) -> None:
    assert client_address(PEER, forwarded, trusted_hops=hops) == expected


def test_a_peer_in_mapped_form_is_written_as_ipv4() -> None:
    assert client_address("::ffff:192.0.2.9", "", trusted_hops=0) == PEER


def test_a_server_that_does_not_say_gives_one_address_for_all() -> None:
    assert client_address("", "1.2.3.4", trusted_hops=0) == UNKNOWN


@given(st.text(max_size=60), st.text(max_size=60), st.integers(0, 3))
def test_it_is_always_an_address(peer: str, forwarded: str, hops: int) -> None:
    ipaddress.ip_address(client_address(peer, forwarded, trusted_hops=hops))


@pytest.mark.parametrize(
    ("scheme", "forwarded", "hops", "expected"),
    [
        ("http", "https", 0, "http"),  # nobody is trusted
        ("https", "http", 0, "https"),
        ("http", "https", 1, "https"),
        ("https", "http", 1, "http"),
        ("http", " HTTPS ", 1, "https"),
        ("http", "https, http", 1, "http"),  # the first may have come from the client
        ("http", "", 1, "http"),
        ("http", "ftp", 1, "http"),
    ],
)
def test_the_scheme(scheme: str, forwarded: str, hops: int, expected: str) -> None:
    assert client_scheme(scheme, forwarded, trusted_hops=hops) == expected
