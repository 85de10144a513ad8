"""Which addresses may be dialled, and which URLs may be saved: a table of addresses and verdicts."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.addresses import AddressRefused, check_asked, check_dialled, check_url, exception_name, is_public
from apps.core.errors import Invalid

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
    "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0", "192.167.255.255",
    "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0",
    "223.255.255.255", "2000::1", "2001:200::1", "2001:4860:4860::8888", "2606:4700:4700::1111", "2a00:1450::1",
    "2001:db7:ffff::1", "2001:db9::1", "2003::1", "3ffe:ffff::1", "3fff:1000::1",
]  # fmt: skip

SPECIAL = {
    "this network": ["0.0.0.0", "0.255.255.255"],
    "private": ["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0", "192.168.255.255"],
    "shared (carriers)": ["100.64.0.0", "100.127.255.255"],
    "loopback": ["127.0.0.0", "127.0.0.1", "127.255.255.255", "::1"],
    "link-local and metadata": ["169.254.0.0", "169.254.169.254", "169.254.255.255", "fe80::1", "febf::1"],
    "protocol assignments": ["192.0.0.0", "192.0.0.170", "192.0.0.255", "2001::", "2001:1::1", "2001:1ff:ffff::1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "3fff:fff:ffff::1"],
    "AS112 and AMT": ["192.31.196.1", "192.52.193.1", "192.175.48.1", "2620:4f:8000::1"],
    "6to4 relays and 6to4": ["192.88.99.1", "2002::1", "2002:7f00:1::", "2002:a9fe:a9fe::1"],
    "benchmarks": ["198.18.0.0", "198.19.255.255", "2001:2::1"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved and broadcast": ["240.0.0.1", "255.255.255.255"],
    "unspecified": ["::"],
    "IPv4 compatible": ["::7f00:1", "::8.8.8.8", "::a9fe:a9fe"],
    "IPv4 mapped": ["::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1"],
    "Teredo": ["2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "ORCHID": ["2001:10::1", "2001:20::1"],
    "discard": ["100::1", "100:0:0:1::1"],
    "segment routing": ["5f00::1"],
    "unique local": ["fc00::1", "fdff:ffff::1", "fd00:ec2::254"],
    "site-local": ["fec0::1", "feff::1"],
    "not assigned": ["4000::1", "8000::1", "e000::1", "200::1"],
}
REFUSED = [address for addresses in SPECIAL.values() for address in addresses]


class TestDialled:
    @pytest.mark.parametrize("address", PUBLIC)
    def test_public_addresses_pass(self, address: str) -> None:
        assert is_public(ipaddress.ip_address(address))
        check_dialled(address, 443)

    @pytest.mark.parametrize("address", REFUSED)
    def test_special_ones_are_refused(self, address: str) -> None:
        assert not is_public(ipaddress.ip_address(address))
        with pytest.raises(AddressRefused):
            check_dialled(address, 443)

    @given(st.ip_addresses())
    def test_nothing_passes_that_python_calls_special(self, address: Any) -> None:
        special = (
            address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
            or address.is_reserved or address.is_unspecified or not address.is_global
        )  # fmt: skip
        if special:
            assert not is_public(address)

    @pytest.mark.parametrize(
        "host", ["localhost", "", "example.com", "127.1", "0x7f000001", "1.1.1.1 ", "[::1]", "\x00"]
    )
    def test_what_is_no_address_is_refused(self, host: str) -> None:
        with pytest.raises(AddressRefused):
            check_dialled(host, 80, allow={"127.0.0.1:80", "[::1]:80"})

    def test_an_exception_is_of_one_address_and_port(self) -> None:
        allow = {"127.0.0.1:8000", "[::1]:8000"}
        check_dialled("127.0.0.1", 8000, allow=allow)
        check_dialled("::1", 8000, allow=allow)
        check_dialled("0:0:0:0:0:0:0:1", 8000, allow=allow)
        for host, port in [("127.0.0.1", 8001), ("127.0.0.2", 8000), ("::1", 800), ("::ffff:127.0.0.1", 8000)]:
            with pytest.raises(AddressRefused):
                check_dialled(host, port, allow=allow)

    def test_an_exception_may_be_limited_to_a_path(self) -> None:
        allow = {"127.0.0.1:8000/api/hello"}
        for path in ("/api/hello", "/api/hello/", "/api/hello/ping", "/api/hello/a%20b"):
            check_dialled("127.0.0.1", 8000, path=path, allow=allow)
            check_asked(f"http://127.0.0.1:8000{path}?a=../b", allow=allow)
            assert check_url(f"http://127.0.0.1:8000{path}", allow=allow)
        for path in ("", "/", "/api", "/api/helloo", "/metrics", "/api/hello/../../metrics", "/api/hello/%2e%2e/x"):
            with pytest.raises(AddressRefused):
                check_dialled("127.0.0.1", 8000, path=path, allow=allow)
            with pytest.raises(AddressRefused):
                check_asked(f"http://127.0.0.1:8000{path}", allow=allow)
            with pytest.raises(Invalid):
                check_url(f"http://127.0.0.1:8000{path}", allow=allow)
        with pytest.raises(AddressRefused):
            check_dialled("127.0.0.1", 8001, path="/api/hello", allow=allow)

    def test_an_address_with_a_zone_is_refused_whatever_is_allowed(self) -> None:
        for host in ("fe80::1%eth0", "::1%lo", "2606:4700::1%eth0"):
            with pytest.raises(AddressRefused):
                check_dialled(host, 80, allow={"[fe80::1]:80", "[::1]:80", "[::1%lo]:80"})

    def test_names_of_exceptions(self) -> None:
        assert exception_name(ipaddress.ip_address("10.0.0.1"), 80) == "10.0.0.1:80"
        assert exception_name(ipaddress.ip_address("::1"), 80) == "[::1]:80"


class TestUrl:
    @pytest.mark.parametrize(
        ("url", "saved"),
        [
            ("https://api.example.com", "https://api.example.com"),
            ("https://api.example.com/", "https://api.example.com"),
            ("HTTPS://API.Example.COM/V1/", "https://api.example.com/V1"),
            ("http://api.example.com:8080/a/b", "http://api.example.com:8080/a/b"),
            ("https://api.example.com.", "https://api.example.com."),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
            ("https://my_host.example.com/a%20b", "https://my_host.example.com/a%20b"),
            ("https://8.8.8.8/x", "https://8.8.8.8/x"),
            ("https://[2606:4700:4700::1111]:8443", "https://[2606:4700:4700::1111]:8443"),
            ("https://a.b/..x/.y", "https://a.b/..x/.y"),
        ],
    )
    def test_these_are_saved(self, url: str, saved: str) -> None:
        assert check_url(url) == saved
        assert check_url(saved) == saved

    @pytest.mark.parametrize("address", REFUSED)
    def test_special_addresses_are_refused(self, address: str) -> None:
        host = f"[{address}]" if ":" in address else address
        with pytest.raises(AddressRefused) as refused:
            check_url(f"http://{host}/", field="upstream_url")
        assert refused.value.field == "upstream_url"

    @pytest.mark.parametrize(
        "host",
        [
            "localhost", "localhost.", "LOCALHOST", "a.localhost", "a.localhost.", "printer.local", "db.internal",
            "metadata.google.internal", "metadata.google.internal.", "host.localdomain", "nas.lan", "router.home",
            "x.home.arpa", "wiki.corp", "wiki.intranet", "x.private", "intranet", "backend", "com",
        ],
    )  # fmt: skip
    def test_names_inside_a_network_are_refused(self, host: str) -> None:
        with pytest.raises(AddressRefused):
            check_url(f"https://{host}/v1")

    @pytest.mark.parametrize(
        "url",
        [
            # Other spellings of 127.0.0.1 and its neighbours.
            "http://127.1/", "http://127.0.1/", "http://2130706433/", "http://0177.0.0.1/", "http://0x7f.0.0.1/",
            "http://0x7f000001/", "http://017700000001/", "http://127.0.0.1./", "http://0/", "http://0x/",
            "http://127.0.0.0x1/", "http://1.1.1.1.1/", "http://256.1.1.1/", "http://127.0.0.1.5/",
            "http://127%2e0%2e0%2e1/", "http://%31%32%37.0.0.1/", "http://①②⑦.0.0.1/", "http://127。0。0。1/",
            "http://[::ffff:7f00:1%25lo]/", "http://[fe80::1%25eth0]/", "http://[::1/", "http://::1/", "http://[]/",
            "http://[127.0.0.1]/", "http://[v1.fe80::a]/",
            # Who is the host?
            "http://example.com@127.0.0.1/", "http://127.0.0.1@example.com/", "http://user:secret@example.com/",
            "http://@example.com/", "http://:@example.com/", "http://example.com\\@127.0.0.1/",
            "http://example.com\\.evil.com", "http:\\\\example.com", "http:/example.com", "http:///example.com",
            "//example.com", "example.com", "http://", "https:", "", " ", "http://exa mple.com", "http://example.com ",
            "http://example.com\t", "http://example.com\n", "http://exam\x00ple.com", "http://exa\rmple.com",
            "http://münchen.example", "http://еxample.com", "http://example.com\u3002evil.com",
            "http://-a.example.com", "http://a-.example.com", "http://a..example.com", "http://.example.com",
            "http://example.com..", "http://" + "a" * 64 + ".com", "http://" + "a." * 130 + "com", "http://a_.com",
            # Schemes and ports.
            "ftp://example.com", "file:///etc/passwd", "gopher://example.com", "javascript:alert(1)",
            "data:text/plain,x",
            "ws://example.com", "http://example.com:0", "http://example.com:65536", "http://example.com:-1",
            "http://example.com:", "http://example.com:80a", "http://example.com:٨٠", "http://example.com:1e2",
            # Queries, fragments and paths that could be read in two ways.
            "http://example.com?x=1", "http://example.com/?", "http://example.com/#", "http://example.com#@evil.com",
            "http://example.com/../x", "http://example.com/a/..", "http://example.com/./a", "http://example.com/%2e%2e/a",
            "http://example.com/.%2E/a", "http://example.com/a%2fb", "http://example.com/a%5Cb", "http://example.com/%00",
            "http://example.com/%", "http://example.com/%zz", "http://example.com/<script>", 'http://example.com/"',
            "http://example.com/{id}", "http://example.com/`", "http://example.com/|", "http://example.com/^",
            "http://example.com/" + "a" * 500, "\ud800",
        ],
    )  # fmt: skip
    def test_tricks_are_refused(self, url: str) -> None:
        with pytest.raises(Invalid) as refused:
            check_url(url, field="upstream_url", allow={"127.0.0.1:80"})
        assert refused.value.field == "upstream_url"

    @pytest.mark.parametrize("value", [None, 5, b"https://example.com", ["https://example.com"]])
    def test_another_type_is_refused(self, value: Any) -> None:
        with pytest.raises(Invalid):
            check_url(value)

    def test_an_allowed_address_is_saved_with_its_port_only(self) -> None:
        assert check_url("http://127.0.0.1:9000/x", allow={"127.0.0.1:9000"}) == "http://127.0.0.1:9000/x"
        assert check_url("http://127.0.0.1/", allow={"127.0.0.1:80"}) == "http://127.0.0.1"
        assert check_url("https://[::1]/", allow={"[::1]:443"}) == "https://[::1]"
        for url in ("http://127.0.0.1:9001", "https://127.0.0.1", "http://localhost:9000"):
            with pytest.raises(AddressRefused):
                check_url(url, allow={"127.0.0.1:9000", "127.0.0.1:80"})

    @given(st.text(alphabet="htps:/.@[]%#?0127afx_-\\ \n", max_size=30))
    def test_any_text_is_saved_or_refused(self, text: str) -> None:
        for url in (text, f"http://{text}", f"https://a.example{text}"):
            try:
                saved = check_url(url)
            except Invalid:
                continue
            assert check_url(saved) == saved
            assert "@" not in saved.split("/")[2]
