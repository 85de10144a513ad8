"""The right-most address that no trusted proxy vouches for."""

import pytest

from apps.gateway.engine.client_address import client_address

PEER = "192.0.2.9"


@pytest.mark.parametrize(
    ("forwarded", "hops", "expected"),
    [
        ([], 0, PEER),
        ([b"198.51.100.1"], 0, PEER),  # nobody is trusted
        ([], 1, PEER),
        ([b"198.51.100.1"], 1, "198.51.100.1"),
        ([b"10.0.0.1, 198.51.100.1"], 1, "198.51.100.1"),  # what the client wrote itself is not believed
        ([b"10.0.0.1", b"198.51.100.1"], 1, "198.51.100.1"),
        ([b"1.1.1.1, 198.51.100.1, 198.51.100.2"], 2, "198.51.100.1"),
        ([b"198.51.100.1"], 2, "198.51.100.1"),
        ([b" 198.51.100.1 "], 1, "198.51.100.1"),
        ([b"198.51.100.1:4711"], 1, "198.51.100.1"),
        ([b"[2001:db8::1]:4711"], 1, "2001:db8::1"),
        ([b"2001:DB8:0:0::1"], 1, "2001:db8::1"),
        ([b"fe80::1%eth0"], 1, "fe80::1"),
        ([b"::ffff:198.51.100.1"], 1, "198.51.100.1"),
        ([b"unknown"], 1, PEER),
        ([b"198.51.100.1, garbage"], 1, PEER),
        ([b"198.51.100.1, garbage"], 2, PEER),
        ([b"1.1.1.1," * 1000 + b"198.51.100.1"], 1, "198.51.100.1"),
        ([b"\xff\xfe"], 1, PEER),
    ],
)
def test_the_address(forwarded: list[bytes], hops: int, expected: str) -> None:
    assert client_address(PEER, forwarded, trusted_hops=hops) == expected


def test_a_peer_in_mapped_form_is_written_as_ipv4() -> None:
    assert client_address("::ffff:192.0.2.9", [], trusted_hops=0) == PEER
