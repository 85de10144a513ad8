"""Products that take signed calls only (RFC 9421, HMAC-SHA256)."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable

import pytest

from apps.gateway.engine.signing.message_signatures import (
    BadSignature,
    SignedMessage,
    read_signatures,
    sha256_of_content,
    sign,
    signature_base,
)
from apps.gateway.engine.signing.signed_calls import ReplaysUnavailable
from apps.gateway.engine.signing.structured_fields import FieldSyntaxError, Item, Token, parse_dictionary, serialize
from apps.gateway.replays import RedisReplays
from apps.keys.secret import signing_secret
from apps.portal.console import signing_sample
from tests.gateway.problems import assert_refused, check
from tests.gateway.shop import Shop
from tests.gateway.wire import Reply, call

pytestmark = pytest.mark.usefixtures("transactional_db")

MakeShop = Callable[..., Shop]
Sign = Callable[..., dict[str, str]]

# RFC 9421, B.1.5, B.2 and B.2.5.
SHARED_SECRET = base64.b64decode(
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="
)
MESSAGE = SignedMessage(
    "POST",
    "https",
    "example.com",
    "/foo?param=Value&Pet=dog",
    {"date": ["Tue, 20 Apr 2021 02:07:55 GMT"], "content-type": ["application/json"]},
)
VECTOR = {
    "signature-input": ['sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'],
    "signature": ["sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"],
}


class TestMessages:
    def test_the_vector_of_the_rfc_verifies(self) -> None:
        (signature,) = read_signatures(VECTOR)
        assert signature_base(signature.input, MESSAGE) == (
            '"date": Tue, 20 Apr 2021 02:07:55 GMT\n'
            '"@authority": example.com\n'
            '"content-type": application/json\n'
            '"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"'
        )
        assert signature.is_of(MESSAGE, SHARED_SECRET)
        assert not signature.is_of(MESSAGE, SHARED_SECRET[:-1])
        assert not signature.is_of(SignedMessage("POST", "https", "example.org", "/", MESSAGE.fields), SHARED_SECRET)

    @pytest.mark.parametrize(
        ("component", "value"),
        [
            ("@method", "POST"), ("@scheme", "https"), ("@authority", "example.com"), ("@path", "/foo"),
            ("@query", "?param=Value&Pet=dog"), ("@request-target", "/foo?param=Value&Pet=dog"),
            ("@target-uri", "https://example.com/foo?param=Value&Pet=dog"), ("content-type", "application/json"),
        ],
    )  # fmt: skip
    def test_components(self, component: str, value: str) -> None:
        assert MESSAGE.component(component) == value

    def test_components_are_normal(self) -> None:
        message = SignedMessage("GET", "https", "EXAMPLE.com:443", "/a", {"x": ["1", "2"]})
        assert message.component("@authority") == "example.com"
        assert message.component("@query") == "?"
        assert message.component("x") == "1, 2"
        assert SignedMessage("GET", "http", "Example.com:443", "/", {}).component("@authority") == "example.com:443"
        for name in ("absent", "@status", "@query-param", "@unknown"):
            with pytest.raises(BadSignature):
                message.component(name)

    @pytest.mark.parametrize(
        "text",
        [
            "", "sig1", "sig1=", "sig1=(", 'sig1=("@method"', 'sig1="@method"', 'sig1=("a""b")', "sig1=(@method)",
            'sig1=("@method");created=x y', 'SIG=("a")', 'sig1=("a"),', 'sig1=("a"), sig1=("b")', 'sig1=("a");x=1;x=2',
            'sig1=("é")', 'sig1=("a" "a")', 'sig1=("A")', 'sig1=("a";sf)', 'sig1=("a");created=1.5', "sig1=(1)",
        ],
    )  # fmt: skip
    def test_what_is_no_signature_input_is_refused(self, text: str) -> None:
        with pytest.raises(BadSignature):
            read_signatures({"signature-input": [text], "signature": ["sig1=:AA==:"]})

    @pytest.mark.parametrize("text", ["", "sig2=:AA==:", "sig1=AA==", "sig1=:A:", 'sig1="AA=="', "sig1=:AA==", "sig1"])
    def test_what_is_no_signature_is_refused(self, text: str) -> None:
        with pytest.raises(BadSignature):
            read_signatures({"signature-input": ['sig1=("@method")'], "signature": [text]})

    def test_dictionaries_are_written_as_they_are_read(self) -> None:
        text = r'a=("x" "y";p);created=-1;n="q\"\\";t=tok/en, b=?0, c, d=:AAE=:;e=?1'
        members = parse_dictionary(text)
        assert serialize(members["a"]) == r'("x" "y";p);created=-1;n="q\"\\";t=tok/en'
        assert members["b"] == Item(value=False, parameters={})
        assert members["d"] == Item(b"\x00\x01", {"e": True})
        assert isinstance(members["a"].parameters["t"], Token)
        for bad in ("a=1;", "a=1 ,", "a=1,,b=2", "a=00000000000000001", "a=1.0", 'a="', "a=\t1", "=1", "a=é"):
            with pytest.raises(FieldSyntaxError):
                parse_dictionary(bad)

    def test_content_digest(self) -> None:
        digest = hashlib.sha256(b"body").digest()
        text = f"sha-512=:AAAA:, sha-256=:{base64.b64encode(digest).decode()}:"
        assert sha256_of_content({"content-digest": [text]}) == digest
        assert sha256_of_content({}) is None
        for bad in ("sha-512=:AAAA:", "sha-256=:AAAA:", "sha-256=abc", "nonsense,"):
            with pytest.raises(BadSignature):
                sha256_of_content({"content-digest": [bad]})


@pytest.fixture
def shop(make_shop: MakeShop) -> Shop:
    return make_shop(requires_signature=True)


@pytest.fixture
def signed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Sign:
    """The code that consumers are told to paste."""
    monkeypatch.setenv("APIFACTORY_KEY", shop.secret)
    monkeypatch.setenv("APIFACTORY_KEY_ID", shop.key.public_id)
    monkeypatch.setenv("APIFACTORY_SIGNING_SECRET", signing_secret(shop.key.public_id))
    names: dict[str, Sign] = {}
    exec(signing_sample.PYTHON, names)  # noqa: S102 - the sample is what is tested
    return names["signed_headers"]


def sent(shop: Shop, path: str, headers: dict[str, str], method: str = "GET", body: bytes | None = None) -> Reply:
    return call(shop.url(path), method, headers.items(), body)


def by_hand(
    shop: Shop, *, components: tuple[str, ...] = ("@method", "@target-uri"), **changed: object
) -> dict[str, str]:
    """A GET of /things, signed with something changed."""
    message = SignedMessage("GET", "http", f"127.0.0.1:{shop.gateway.port}", f"/{shop.product.slug}/things", {})
    parameters = {"created": int(time.time()), "nonce": "n", "keyid": shop.key.public_id} | changed
    parameters = {name: value for name, value in parameters.items() if value is not None}
    key = signing_secret(shop.key.public_id).encode()
    made = sign(message, key, components=components, **parameters)  # type: ignore[arg-type]
    return {"X-Api-Key": shop.secret, "Signature-Input": made[0], "Signature": made[1]}


def test_signed_calls_pass(shop: Shop, signed: Sign) -> None:
    assert sent(shop, "/things?a=1&b", signed("GET", shop.url("/things?a=1&b"))).status == 200
    assert sent(shop, "/things", signed("POST", shop.url("/things"), b"body"), "POST", b"body").status == 200
    assert shop.received[-1].body == b"body"
    assert sent(shop, "/things", by_hand(shop)).status == 200
    assert sent(shop, "/things", by_hand(shop, alg="hmac-sha256", expires=int(time.time()) + 9)).status == 200


def test_the_key_may_stand_in_the_query(shop: Shop, signed: Sign) -> None:
    path = f"/things?api_key={shop.secret}"
    headers = signed("GET", shop.url(path))
    del headers["X-Api-Key"]
    assert sent(shop, path, headers).status == 200


def test_a_call_without_a_signature(shop: Shop) -> None:
    reply = shop.call("/things")
    check(reply, 401, "signature_missing")
    assert reply.get("WWW-Authenticate") == f'Signature realm="{shop.product.slug}"'
    wanted = 'sig1=("@method" "@target-uri");created;nonce;keyid;alg="hmac-sha256"'
    assert reply.get("Accept-Signature") == wanted
    assert '"content-digest"' in (shop.call("/things", "POST", body=b"x").get("Accept-Signature") or "")
    shop.gateway.metering.rejected.pop()
    assert_refused(shop, "signature_missing")


def test_a_signature_of_another_call_is_not_valid(shop: Shop, signed: Sign) -> None:
    def made(method: str = "GET", path: str = "/things", body: bytes = b"") -> dict[str, str]:
        return signed(method, shop.url(path), body)

    other_digest = {"Content-Digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"}
    for path, headers, method, body in [
        ("/things/1", made(), "GET", None),
        ("/things?x", made(), "GET", None),
        ("/things", made(), "POST", None),
        ("/things", made() | {"Host": "other.example"}, "GET", None),
        ("/things", made("POST"), "POST", b"body"),  # its digest is not covered
        ("/things", made("POST", body=b"body") | other_digest, "POST", b"body"),
        ("/things", made() | {"Signature": "sig1=:AAAA:"}, "GET", None),
        ("/things", made() | {"Signature": "nonsense"}, "GET", None),
        ("/things", by_hand(shop, keyid="key_other"), "GET", None),
        ("/things", by_hand(shop, keyid=None), "GET", None),
        ("/things", by_hand(shop, alg="hmac-sha512"), "GET", None),
        ("/things", by_hand(shop, created=None), "GET", None),
        ("/things", by_hand(shop, components=("@method",)), "GET", None),
        ("/things", by_hand(shop, components=("@target-uri",)), "GET", None),
        ("/things", by_hand(shop, components=("@method", "@authority", "@path")), "GET", None),
    ]:
        document = check(sent(shop, path, headers, method, body), 401, "signature_invalid")
        assert document["detail"], headers
    assert shop.received == []
    assert shop.outcomes == []


def test_a_signature_by_another_secret_is_not_valid(shop: Shop, signed: Sign, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = signed("GET", shop.url("/things"))
    monkeypatch.setattr("hmac.digest", lambda key, message, name: hmac.new(b"other", message, name).digest())
    forged = signed("GET", shop.url("/things"))
    monkeypatch.undo()
    check(sent(shop, "/things", forged), 401, "signature_invalid")
    assert sent(shop, "/things", headers).status == 200


@pytest.mark.parametrize("changed", [{"created": -301}, {"created": 330}, {"expires": -1}])
def test_an_old_signature_has_expired(shop: Shop, changed: dict[str, int]) -> None:
    times = {name: int(time.time()) + seconds for name, seconds in changed.items()}
    check(sent(shop, "/things", by_hand(shop, **times)), 401, "signature_expired")
    assert_refused(shop, "signature_expired")


def test_a_signature_is_good_for_one_call(shop: Shop, signed: Sign) -> None:
    headers = signed("GET", shop.url("/things"))
    assert sent(shop, "/things", headers).status == 200
    check(sent(shop, "/things", headers), 401, "signature_replayed")
    assert len(shop.received) == 1
    assert sent(shop, "/things", signed("GET", shop.url("/things"))).status == 200


@pytest.mark.parametrize("size", [4, 300_000])
def test_a_body_that_was_changed_does_not_get_through(shop: Shop, signed: Sign, size: int) -> None:
    body = b"a" * size
    reply = sent(shop, "/things", signed("POST", shop.url("/things"), body), "POST", body[:-1] + b"b")
    check(reply, 400, "content_digest_mismatch")
    assert [request for request in shop.received if request.is_complete] == []
    (outcome,) = shop.outcomes
    assert (outcome.outcome, outcome.units, outcome.status) == ("request_altered", 0, 400)


def test_other_products_ask_for_nothing(make_shop: MakeShop) -> None:
    shop = make_shop()
    reply = shop.call("/things", headers=[("Signature-Input", "nonsense"), ("Signature", "nonsense")])
    assert reply.status == 200
    assert shop.received[-1].get("Signature") == "nonsense"


async def test_without_redis_nothing_is_taken_for_new() -> None:
    replays = RedisReplays(redis_url="redis://127.0.0.1:1")
    await replays.start()
    with pytest.raises(ReplaysUnavailable):
        await replays.is_first(b"signature", 1)
    await replays.stop()
