"""The client of backends: what it dials."""

import asyncio
import datetime as dt
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apps.gateway.engine.ports import UpstreamTimeout, UpstreamUnreachable
from apps.gateway.upstream import PooledUpstream, names
from tests.core.test_addresses import SPECIAL
from tests.fakes.upstream import Exchange, FakeUpstream
from tests.gateway.dialling import asking, body_of, dialling


class ScriptedResolver(AbstractResolver):
    """Answers with the next list of addresses each time; the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        addresses = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None: ...


# --- what is dialled -----------------------------------------------------------------------------


async def test_of_an_exception_for_a_path_nothing_else_is_asked(backend: FakeUpstream) -> None:
    resolver = ScriptedResolver(["127.0.0.1"])
    async with dialling(allow=[f"{backend.address}/open"], resolver=resolver) as upstream:
        answer = await upstream.send(asking(f"http://{backend.address}/open/x"))
        assert answer.status == 200
        await body_of(answer)
        port = backend.address.rpartition(":")[2]
        # On the connection that is open already, and by a name that leads to it.
        for url in (f"http://{backend.address}/dev/mailbox/", f"http://inside.example.com:{port}/open/x"):
            with pytest.raises(UpstreamUnreachable):
                await upstream.send(asking(url))
    assert [request.target for request in backend.requests] == ["/open/x"]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254",
        "[fe80::1]", "[fd00:ec2::254]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "192.168.1.1", "100.64.0.1", "127.1",
        "2130706433", "0x7f000001", "017700000001",
    ],
)  # fmt: skip
async def test_no_address_of_this_machine_or_its_networks_is_dialled(backend: FakeUpstream, host: str) -> None:
    async with dialling(allow=[]) as upstream:
        with pytest.raises(UpstreamUnreachable):
            await upstream.send(asking(f"http://{host}:{backend.port}/"))
    assert backend.connections == 0


@pytest.mark.parametrize("kind", SPECIAL)
async def test_a_name_that_leads_to_a_special_range_is_not_dialled(
    backend: FakeUpstream, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """After DNS, on the socket: alone, and behind an address that was refused before it."""
    for seconds in ("DNS_SECONDS", "FAILED_SECONDS", "STALE_SECONDS"):
        monkeypatch.setattr(names, seconds, 0)
    dialled: list[object] = []
    loop = asyncio.get_running_loop()

    async def connect(sock: socket.socket, address: object) -> None:
        dialled.append(address)
        raise OSError

    monkeypatch.setattr(loop, "sock_connect", connect, raising=False)
    for address in SPECIAL[kind]:
        if "." in address and ":" in address:
            continue  # the same as one that is written without dots
        for answer in ([address], [address, "127.0.0.1"], ["::1", address]):
            async with dialling(allow=[], resolver=ScriptedResolver(answer)) as upstream:
                with pytest.raises(UpstreamUnreachable):
                    await upstream.send(asking(f"http://inside.example.com:{backend.port}/"))
    assert dialled == []
    assert backend.connections == 0


async def test_an_exception_is_one_address_and_one_port(backend: FakeUpstream) -> None:
    with FakeUpstream() as other:
        async with dialling(allow=[backend.address]) as upstream:
            assert (await upstream.send(asking(f"{backend.url}/"))).status == 200
            with pytest.raises(UpstreamUnreachable):
                await upstream.send(asking(f"{other.url}/"))
        assert other.connections == 0


async def test_a_name_that_changes_its_mind_gains_nothing(
    backend: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public while it is looked at, this machine when it is dialled."""
    for seconds in ("DNS_SECONDS", "FAILED_SECONDS", "STALE_SECONDS"):
        monkeypatch.setattr(names, seconds, 0)
    resolver = ScriptedResolver(["203.0.113.1"], ["127.0.0.1"])
    async with dialling(allow=[], resolver=resolver) as upstream:
        for _ in range(20):
            with pytest.raises(UpstreamUnreachable):
                await upstream.send(asking(f"http://rebinding.example:{backend.port}/"))
    assert resolver.asked >= 2
    assert backend.connections == 0


async def test_a_name_server_that_hangs_holds_one_lookup_and_nobody_who_knows_the_name(
    backend: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hanging(ScriptedResolver):
        async def resolve(self, *args: Any, **kwargs: Any) -> list[ResolveResult]:
            if self.asked:
                self.asked += 1
                await asyncio.Event().wait()
            return await super().resolve(*args, **kwargs)

    monkeypatch.setattr(names, "DNS_SECONDS", 0)
    resolver = Hanging(["127.0.0.1"])
    async with dialling(allow=[backend.address], resolver=resolver) as upstream:
        url = f"http://known.example:{backend.port}/"
        for _ in range(3):  # each on a connection of its own
            answer = await upstream.send(asking(url))
            await body_of(answer)
            upstream._pools[1, url[:-1]].abort()
        new = asking("http://new.example:1/", connect_seconds=0.1)
        ends = await asyncio.gather(*(upstream.send(new) for _ in range(5)), return_exceptions=True)
        assert [type(end) for end in ends] == [UpstreamTimeout] * 5
        assert resolver.asked == 3  # one that was good, and one for each name that hang


async def test_of_several_addresses_only_the_allowed_ones_are_dialled() -> None:
    with FakeUpstream() as allowed:
        resolver = ScriptedResolver(["10.0.0.1", "::1", "169.254.169.254", "127.0.0.1"])
        async with dialling(allow=[allowed.address], resolver=resolver) as upstream:
            answer = await upstream.send(asking(f"http://mixed.example:{allowed.port}/"))
            assert answer.status == 200
        assert allowed.requests[0].get("Host") == f"mixed.example:{allowed.port}"


async def test_redirects_are_not_followed(client: PooledUpstream, backend: FakeUpstream) -> None:
    async def redirect(exchange: Exchange) -> None:
        await exchange.answer(302, b"", (("Location", "/elsewhere"),))

    backend.handlers["/here"] = redirect
    assert (await client.send(asking(f"{backend.url}/here"))).status == 302
    assert [request.target for request in backend.requests] == ["/here"]


async def test_cookies_are_not_kept(client: PooledUpstream, backend: FakeUpstream) -> None:
    async def cookie(exchange: Exchange) -> None:
        await exchange.answer(200, b"", (("Set-Cookie", "a=1"),))

    backend.fallback = cookie
    for _ in range(2):
        await body_of(await client.send(asking(f"{backend.url}/")))
    assert backend.requests[1].get("Cookie") is None


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "backend.example")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(days=1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("backend.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)
    path = folder / "backend.pem"
    path.write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    asked = False

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked = bool(await reader.read(1))
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=self_signed(tmp_path))
    port = server.sockets[0].getsockname()[1]
    async with server, dialling(allow=[f"127.0.0.1:{port}"], resolver=ScriptedResolver(["127.0.0.1"])) as upstream:
        with pytest.raises(UpstreamUnreachable):
            await upstream.send(asking(f"https://backend.example:{port}/"))
    assert not asked
