"""Calls that are written down: only where the product asks for it, cut short, and without secrets."""

import json
import unicodedata
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from apps.core import clock
from apps.core.redis_client import impatient_redis
from apps.gateway.engine.observation.recording import BODY_MAX, CALLS_PER_MINUTE
from apps.gateway.engine.observation.redaction import (
    redacted_body,
    redacted_headers,
    redacted_query,
)
from apps.gateway.engine.observation.secret_names import REDACTED, is_secret
from apps.keys import secret as key_secret
from apps.usage import recording, services
from apps.usage.models import RequestRecording
from tests.fakes.upstream import Exchange
from tests.gateway.shop import Shop
from tests.processes import wait_until

MakeShop = Callable[..., Shop]
JSON = ((b"content-type", b"application/json; charset=utf-8"),)
XML = ((b"content-type", b"text/xml"),)
HTML = ((b"content-type", b"text/html; charset=utf-8"),)
PLAIN = ((b"content-type", b"text/plain"),)
CSV = ((b"content-type", b"text/csv; header=present"),)
FORM = ((b"content-type", b"application/x-www-form-urlencoded"),)


class TestRedaction:
    @pytest.mark.parametrize(
        "name",
        [
            "Authorization", "Proxy-Authorization", "proxy-anything", "Cookie", "Set-Cookie", "X-Api-Key", "x_api_key",
            "apiKey", "X-RapidAPI-Key", "X-RapidAPI-Proxy-Secret", "X-ApiFactory-Proxy-Secret", "X-Signature",
            "access_token", "refreshToken", "client_secret", "PASSWORD", "db-pwd", "oauth_code", "auth", "sessionid",
            "key", "X-Key", "Ocp-Apim-Subscription-Key", "X-Functions-Key", "signingKey", "sig", "jwt", "userPin",
            "OTP", "cvv", "X-CSRF", "passwd", "db_pw", "cvc2", "cardNumber", "credit-card-no", "PAN", "customer.iban",
            "ssn", "socialSecurityNumber", "privatekey", "PHPSESSID", "client_assertion", "SAMLResponse",
            "one_time_code", "passcode", "passkey", "signingkey", "mnemonic", "Paßwort", "contraseña", "mot de passe",
            "Hasło", "HASŁO", "authorisation",
            "пароль", "密码", "パスワード", "ｐａｓｓｗｏｒｄ", "비밀번호",
        ],
    )  # fmt: skip
    def test_names_that_are_secret(self, name: str) -> None:
        assert is_secret(name)

    @pytest.mark.parametrize(
        "name",
        [
            "author",
            "authority",
            "authorized",
            "Accept",
            "Content-Type",
            "keyword",
            "city",
            "X-Request-Id",
            "User-Agent",
            "code",
            "opinion",
            "design",
            "max_tokens",
            "prompt_tokens",
            "totalTokens",
            "completion_tokens_details",
            "token_count",
            "keyboard",
            "pinned",
            "company",
            "Panama",
            "obsession",
            "secretary",
            "discard_number",
            "cardnote",
            "enclave",
            "größe",
            "名前",
        ],
    )
    def test_names_that_are_not(self, name: str) -> None:
        assert not is_secret(name)

    def test_headers_and_queries(self) -> None:
        ours = key_secret.generate().secret
        lines = [(b"cookie", b"a=b"), (b"accept", b"*/*"), (b"referer", b"https://x/?k=" + ours.encode())]
        assert redacted_headers(lines) == [
            ("cookie", REDACTED),
            ("accept", "*/*"),
            ("referer", f"https://x/?k={REDACTED}"),
        ]
        assert redacted_query(b"a=1&to%6ben=x&&b") == f"a=1&to%6ben={REDACTED}&&b"
        assert redacted_query(b"a=1;token=x&code=y") == f"a=1;token={REDACTED}&code={REDACTED}"
        assert redacted_query(b"at=52.5;13.4&next=%2Fa%3Fb%3D1") == "at=52.5;13.4&next=%2Fa%3Fb%3D1"
        assert "hidden" not in redacted_query(
            b"data=%7B%22password%22%3A%22hidden%22%7D&url=https%3A%2F%2Fx%3Ftoken%3Dhidden"
        )
        lines = [(b"referer", b"https://x/?a=1&access_token=hidden#sig=hidden"), (b"location", b"/cb?code=hidden&b=2")]
        assert redacted_headers(lines) == [
            ("referer", f"https://x/?a=1&access_token={REDACTED}#sig={REDACTED}"),
            ("location", f"/cb?code={REDACTED}&b=2"),
        ]

    @pytest.mark.parametrize(
        ("sent", "kept"),
        [
            ({"user": "u", "password": "p"}, {"user": "u", "password": REDACTED}),
            ({"a": [{"api_key": {"v": 1}}, 2]}, {"a": [{"api_key": REDACTED}, 2]}),
            ({"pass\u0077ord": "p"}, {"password": REDACTED}),
            ("text", "text"),
        ],
    )
    def test_json(self, sent: object, kept: object) -> None:
        assert json.loads(redacted_body(json.dumps(sent).encode(), headers=JSON)) == kept

    def test_bodies_of_other_kinds(self) -> None:
        assert redacted_body(b"user=u&password=p", headers=FORM) == f"user=u&password={REDACTED}"
        assert redacted_body(b"\x00\xff", headers=[(b"content-type", b"text/plain")]) == "\ufffd\ufffd"
        assert redacted_body(b"x", headers=[(b"content-type", b"image/png")]) == "[not kept: image/png]"
        assert redacted_body(b"x", headers=[(b"content-encoding", b"gzip"), *JSON]) == "[not kept: gzip]"
        assert redacted_body(b"x", headers=[]) == "[not kept: no content type]"
        xml, plain = [(b"content-type", b"application/xml")], [(b"content-type", b"text/plain")]
        for kind, text in (
            (xml, b"<a><u>ann</u><ns:password type='x'>hidden</ns:password></a>"),
            (xml, b'<user name="ann" api_key="hidden 1"/>'),
            (plain, b"user: ann\nPassword: hidden\npin = hidden"),
            (plain, b'name=ann secret="hidden away", see https://x/?token=hidden'),
            (JSON, b'{"name": "ann", "url": "https://x/?token=hidden"}'),
        ):
            kept = redacted_body(text, headers=kind)
            assert "hidden" not in kept
            assert "ann" in kept

    @given(
        st.recursive(
            st.sampled_from(["hidden-value", 'hid"den-value', "plain", 7, None]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["token", "client_secret", "pas\\sword", "name"]), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        st.integers(0, 300),
    )
    def test_what_is_cut_off_gives_nothing_away(self, inner: object, length: int) -> None:
        """However the text is cut: no character of a secret's value is left."""
        text = json.dumps({"first": 1, "password": inner}).encode()[:length]
        kept = redacted_body(text, headers=JSON)
        assert "hid" not in kept.partition("password")[2]
        assert "plain" not in kept

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            (XML, "<a><password><![CDATA[hidden]]></password><b>kept</b></a>"),
            (XML, "<a><password><x>hidden</x><password>hidden</password>hidden</password><b>kept</b></a>"),
            (XML, "<a><b>kept</b><password><x>hidden"),
            (XML, "<a><b>kept</b><password x='hid"),
            (XML, "<a><![CDATA[<password>hidden</password>]]><b>kept</b></a>"),
            (XML, "<a>&lt;password&gt;hidden&lt;/password&gt;<b>kept</b></a>"),
            (XML, "<a><!-- <pin>hidden</pin> --><b>kept</b></a>"),
            (XML, "<entry><name>password</name> <value><x>hidden</x></value></entry><b>kept</b>"),
            (XML, "<dict><key>password</key><string>hidden</string></dict><b>kept</b>"),
            (XML, '<add key="password" value="hidden"/><param name="pin">hidden</param><b>kept</b>'),
            (XML, '<token at="hidden"/><b>kept</b>'),
            (XML, '<!DOCTYPE x [<!ENTITY p "hidden">]><b>kept</b>'),
            (HTML, '<input name="csrf_token" value="hidden"><p title="x">kept</p>'),
            (HTML, "<p title=kept><b title=don't>password: 'hidden'</b>"),
            (JSON, json.dumps({"a": json.dumps({"b": json.dumps([{"password": "hidden"}])}), "b": "kept"})),
            (JSON, json.dumps({"a": "<password>hidden</password>", "b": "kept"})),
            (JSON, json.dumps([{"name": "password", "value": "hidden"}, {"name": "city", "value": "kept"}])),
            (JSON, json.dumps([{"value": ["hidden"], "Field": "X-Api-Key"}, ["Authorization", "hidden"], "kept"])),
            (JSON, '{"b": "kept"}\n{"password": {"a": "hidden"}}\n{"token": "hid'),
            (JSON, '{"b": "kept", "c": "{\\"password\\": \\"hidden'),
            (JSON, '{"b": "kept", "c": {"value": "hidden", "na'),
            (PLAIN, '{"a": "kept", "pass\\u0077ord": "hidden"}'),
            (PLAIN, 'data: {"a": "kept"}\ndata: {"password": "hidden away"}\n'),
            (PLAIN, "kept\nAuthorization: Bearer hidden\nCard number: hidden hidden\n"),
            (PLAIN, "kept\nMot de passe : hidden\nパスワード：hidden"),
            (PLAIN, unicodedata.normalize("NFD", "kept\ncontraseña: hidden")),
            (PLAIN, "kept https://x/?next=https%253A%252F%252Fy%253Fa%253D1%2526access_token%253Dhidden&b=2"),
            (PLAIN, "kept https://x/?password=a;hidden&b=2, https://x/?a=1;token=a;hidden"),
            (PLAIN, "kept amqp://ann:hid/den@host:5672/"),
            (PLAIN, 'curl -su ann:hidden -uann:hidden -u "ann":"hidden x" https://kept'),
            (PLAIN, "kept\n-----BEGIN RSA PRIVATE KEY-----\nhidden\nhidden\n-----END RSA PRIVATE KEY-----\n"),
            (PLAIN, "-----BEGIN PRIVATE KEY-----\nhidden\n-----END PRIVATE KEY-----\nkept"),
            (PLAIN, "kept af_live_hidden0000000000"),
            (JSON, '[{"op": "replace", "path": "/password", "value": "hidden"}, "kept"]'),
            (HTML, "<p>Password: <b>hidden</b> kept</p>"),
            (HTML, "<tr><td>Password</td> <td>hidden</td></tr><td>kept"),
            (HTML, '<input type="password" value="hidden">kept'),
            (PLAIN, "kept {'password': 'it\\'s hidden'}"),
            (PLAIN, 'kept msg="password=hidden"'),
            (PLAIN, "kept\npassword:\n  - hidden\n"),
            (PLAIN, "kept postgres://ann:hidden@host/db and https://hidden@host:8/, redis://:hid@en@host"),
            (PLAIN, "curl -u ann:hidden --proxy-user 'ann:hidden x' --password hidden https://kept"),
            (PLAIN, 'mysql --password="hidden x" --user kept'),
            (JSON, json.dumps({"dsn": "amqp://ann:hidden@kept/"})),
            (JSON, json.dumps({"Paßwort": "hidden", "a": "kept"})),
            (XML, "<a><Paßwort>hidden</Paßwort><b>kept</b></a>"),
            (CSV, 'name,password,city\nann,hidden,kept\nbob,"hidden\nhidden",x\n'),
            (CSV, "name;api_key\nkept;hidden\nann;x;hidden\n"),
            (CSV, "key,value\ncity,kept\npassword,hidden\n"),
            (CSV, "kept\n\nname,password\nann,hidden\nbob,hidden\n"),
            (CSV, "city,kept\npassword,hidden\n"),
            (CSV, "kept,note\n1,token=hidden\n"),
            (CSV, 'name,pin\nkept,hidden\nann,"hid'),
            (FORM, "a=kept&b=1;password=x;hidden&c=2"),
            (FORM, "a=kept&name=password&value=hidden"),
            (FORM, '{"a": "kept", "password": "hidden&b=hidden"}'),
            (FORM, "a=kept&b=%3Cpassword%3Ehidden%3C/password%3E"),
        ],
    )
    def test_secrets_within(self, kind: tuple[tuple[bytes, bytes], ...], text: str) -> None:
        kept = redacted_body(text.encode(), headers=kind)
        assert "hid" not in kept
        assert "kept" in kept

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            (JSON, '{"a": 1, "name": "password", "value": "hidden",}'),
            (JSON, '{"a": {"name": "password", "value": "hidden"}, "a": 1}'),
            (PLAIN, '{"name": "password", "value": "hidden",}'),
            (PLAIN, "value: hidden\nname: password"),
            (XML, "<a><b>1</b><value>hidden</value><name>password</name></a>"),
        ],
    )
    def test_what_cannot_be_read_for_sure_is_not_kept(self, kind: tuple[tuple[bytes, bytes], ...], text: str) -> None:
        assert redacted_body(text.encode(), headers=kind) in (REDACTED, "[not kept: no valid JSON]")

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            (XML, '<?xml version="1.0"?><!DOCTYPE a><a b="1 &amp; 2">x &lt; y<!-- c --><![CDATA[d]]></a>'),
            (HTML, "<!DOCTYPE html><p class=x>a < b<br>c</p>"),
            (PLAIN, "a < b, see <https://x/?page=2> or <ann@x>"),
            (PLAIN, "https://x/@ann -u ann --keep-alive on, 10:30 ann@x"),
            (PLAIN, "https://x:8080/a@b https://x/?a=1;b=2&c=%2Fa%3Fb%3D1 -xu ann"),
            (PLAIN, "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----"),
            (HTML, "<p>Your city:<b>Bern</b> and a long sentence about the password</p><p>here</p>"),
            (CSV, 'name,city\nann,"New\nYork"\n'),
            (JSON, '{"a": "[note] {x}", "b": [1.5, null, "c\\nd"]}'),
        ],
    )
    def test_what_has_no_secrets_stays(self, kind: tuple[tuple[bytes, bytes], ...], text: str) -> None:
        assert redacted_body(text.encode(), headers=kind) == text

    def test_headers_with_texts_in_them(self) -> None:
        lines = [(b"x-meta", b'{"password": "hidden"}'), (b"link", b'<https://x/?page=2>; rel="next"')]
        assert redacted_headers(lines) == [
            ("x-meta", f'{{"password": "{REDACTED}"}}'),
            ("link", '<https://x/?page=2>; rel="next"'),
        ]

    def test_what_can_be_stored(self) -> None:
        assert redacted_body(b'"\\ud800"', headers=JSON) == '"?"'
        assert "\x00" not in redacted_query(b"a=%00token=x")

    @given(
        st.text(alphabet="<>/&;,=:@\"'\\[]{}!-? \npassword1u", max_size=200),
        st.sampled_from([JSON, XML, HTML, FORM, CSV, PLAIN]),
    )
    def test_whatever_it_is_it_is_written_down(self, text: str, kind: tuple[tuple[bytes, bytes], ...]) -> None:
        redacted_body(text.encode(), headers=kind).encode()

    @pytest.mark.parametrize("kind", [JSON, XML, HTML, FORM, CSV, PLAIN])
    def test_it_takes_no_longer_for_hostile_text(self, kind: tuple[tuple[bytes, bytes], ...]) -> None:
        """Many times what is kept: with a square of it, these would not end."""
        units = [
            b'"',
            b'"a":',
            b"[",
            b'"\\',
            b"a",
            b"a=",
            b"<a ",
            b"<a\"'",
            b"?",
            b"a ",
            b"<!--",
            b"<a a",
            b" ",
            b"&lt;",
            b"@",
            b"://",
            b"://a@",
            b"--p ",
            b"-",
            b",",
            b";a=%25",
            b"-----BEGIN PRIVATE KEY-----",
            b"://a:b",
            b"-uu:",
            b"password,",
            b"password:<b>",
            "：".encode(),
        ]
        for unit in units:
            for start in (b"", b"<a ", b'{"a":"'):
                redacted_body(start + unit * (8 * BODY_MAX // len(unit)), headers=kind)


@pytest.mark.usefixtures("transactional_db")
class TestCalls:
    @pytest.fixture(autouse=True)
    def clean(self) -> Iterator[None]:
        impatient_redis(settings.CACHE_URL).delete(recording.KEY)
        yield
        impatient_redis(settings.CACHE_URL).delete(recording.KEY)

    def stored(self, shop: Shop, count: int = 1) -> list[RequestRecording]:
        def are_there() -> bool:
            services.store_recordings()
            return RequestRecording.objects.filter(product=shop.product).count() >= count

        wait_until(are_there, what="the call was written down")
        return list(RequestRecording.objects.filter(product=shop.product).order_by("recorded_at"))

    def test_a_call_as_its_consumer_sent_and_got_it(self, make_shop: MakeShop) -> None:
        shop = make_shop(log_headers=True, log_bodies=True)

        async def answers(exchange: Exchange) -> None:
            await exchange.read_body()
            body = json.dumps({"token": "t-1", "city": "Bern"}).encode()
            await exchange.answer(
                201, body, (("Content-Type", "application/json"), ("Set-Cookie", "sid=1"), ("X-A", "b"))
            )

        shop.backend_does(answers)
        body = json.dumps({"password": "hunter2", "q": "x" * 50}).encode()
        reply = shop.call(
            f"/things?city=Bern&api_key={shop.secret}&access_token=abc", "POST",
            [("Content-Type", "application/json"), ("Authorization", "Basic abc"), ("X-B", "c")], body,
        )  # fmt: skip
        (row,) = self.stored(shop)
        assert f"req_{row.pk.hex}" == reply.get("X-Request-Id")
        assert row.query == f"city=Bern&access_token={REDACTED}"
        sent, got = dict(row.request_headers), dict(row.answer_headers)
        assert (sent["x-b"], sent["authorization"]) == ("c", REDACTED)
        assert not any("api-key" in name or "apifactory" in name for name in sent)
        assert (got["x-a"], got["set-cookie"], got["x-request-id"]) == ("b", REDACTED, reply.get("X-Request-Id"))
        assert json.loads(row.request_body) == {"password": REDACTED, "q": "x" * 50}
        assert json.loads(row.answer_body) == {"token": REDACTED, "city": "Bern"}
        assert (row.status, row.is_request_cut, row.is_answer_cut) == (201, False, False)
        assert reply.json()["token"] == "t-1"  # the call itself is as it was

    def test_what_is_long_is_cut_and_what_failed_says_so(self, make_shop: MakeShop) -> None:
        shop = make_shop(log_bodies=True)

        async def long(exchange: Exchange) -> None:
            await exchange.answer(200, b"y" * 50_000, (("Content-Type", "text/plain"),))

        shop.backend_does(long)
        assert len(shop.call("/things").body) == 50_000
        (row,) = self.stored(shop)
        assert (len(row.answer_body), row.is_answer_cut) == (BODY_MAX, True)
        assert row.request_headers is row.answer_headers is None

        async def breaks(exchange: Exchange) -> None:
            raise OSError("closed by the test")

        shop.backend_does(breaks)
        assert shop.call("/things").status == 502
        row = self.stored(shop, 2)[-1]
        assert (row.status, json.loads(row.answer_body)["code"]) == (502, "upstream_invalid")

    def test_answers_of_the_gateway_itself(self, make_shop: MakeShop) -> None:
        shop = make_shop(log_headers=True, log_bodies=True, quota=1)
        assert shop.call("/things").status == 200
        reply = shop.call(f"/things?token=t-1&api_key={shop.secret}", "POST", body=b"x")
        assert reply.status == 429
        # What the checks refuse is anybody's, and takes no place among the ten of the minute.
        assert shop.anonymous("/things").status == 401
        assert shop.call("/nowhere").status == 404
        _, row = self.stored(shop, 2)
        assert f"req_{row.pk.hex}" == reply.get("X-Request-Id")
        got = dict(row.answer_headers)
        assert (row.status, row.answer_body) == (429, reply.body.decode())
        assert (got["retry-after"], got["x-request-id"]) == (reply.get("Retry-After"), reply.get("X-Request-Id"))
        assert row.query == f"token={REDACTED}"
        assert shop.secret not in str(row.request_headers)
        services.store_recordings()
        assert RequestRecording.objects.filter(product=shop.product).count() == 2

    def test_only_some_calls_of_a_minute_and_of_those_that_ask(self, make_shop: MakeShop) -> None:
        quiet, loud = make_shop(), make_shop(log_headers=True)
        for _ in range(CALLS_PER_MINUTE + 3):
            quiet.call("/things")
            loud.call("/things")
        loud.call("/nowhere")
        rows = self.stored(loud, CALLS_PER_MINUTE)
        # Two minutes, where one began in between.
        assert CALLS_PER_MINUTE <= len(rows) <= CALLS_PER_MINUTE + 3
        assert not RequestRecording.objects.filter(product=quiet.product).exists()

    def test_the_list_is_bounded_and_the_table_is_pruned(self, shop: Shop) -> None:
        one = recording.Recording("0" * 32, shop.product.pk, "", None, "", False, None, None, "", False)  # noqa: FBT003
        for _ in range(3):
            recording.push([one] * 400)
        assert impatient_redis(settings.CACHE_URL).llen(recording.KEY) == recording.WAITING_MAX
        assert services.store_recordings() == recording.WAITING_MAX
        rows = RequestRecording.objects.filter(product=shop.product)
        assert rows.count() == 1
        rows.update(recorded_at=clock.now() - services.RECORDINGS_KEPT)
        services.prune_recordings()
        assert not rows.exists()
