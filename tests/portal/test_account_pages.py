"""Accounts as a person meets them: sign up, confirm, sign in, protect the account, lose the password."""

import base64
import hashlib
import hmac
import re
import struct
import time
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from apps.accounts.models import User
from tests.portal.support import HOSTILE, Pairs, pairings, share

pytestmark = pytest.mark.django_db

EMAIL, PASSWORD = "alice@example.com", "a long enough phrase"


def link_in(message: mail.EmailMessage) -> str:
    """The path of the only link in the message."""
    (link,) = re.findall(r"http://testserver(\S+)", str(message.body))
    return str(link)


def totp(secret: str) -> str:
    """The code of now (RFC 6238: SHA-1, 30 seconds, six figures)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    offset = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[offset : offset + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06d}"


def make_user(email: str = EMAIL) -> User:
    user = User.objects.create_user(email, PASSWORD)
    EmailAddress.objects.update_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
    return user


def sign_in(client: Client) -> None:
    response = client.post(reverse("account_login"), {"login": EMAIL, "password": PASSWORD})
    assert response.status_code == 302


def prove(client: Client) -> None:
    """Give the password again, as what changes the protection of an account asks for."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def body(response) -> str:
    return response.content.decode()


class TestSignUp:
    def test_from_the_form_to_the_first_page(self, client: Client) -> None:
        response = client.post(reverse("account_signup"), {"email": EMAIL, "password1": PASSWORD}, follow=True)
        assert "Look in your mailbox" in body(response)

        (message,) = mail.outbox
        assert message.subject == "Confirm your address"
        assert message.to == [EMAIL]
        assert "Welcome to API Factory." in message.body

        confirmation = link_in(message)
        assert f"Is <strong>{EMAIL}</strong> your address?" in body(client.get(confirmation))
        response = client.post(confirmation)
        assert response.url == reverse("portal:home")
        assert EmailAddress.objects.get(email=EMAIL).verified

        client.logout()
        sign_in(client)
        personal = User.objects.get(email=EMAIL).organizations.get()
        assert client.get(reverse("portal:home")).url == f"/o/{personal.slug}/"

    def test_nobody_gets_in_before_the_address_is_confirmed(self, client: Client) -> None:
        client.post(reverse("account_signup"), {"email": EMAIL, "password1": PASSWORD})
        client.logout()
        response = client.post(reverse("account_login"), {"login": EMAIL, "password": PASSWORD}, follow=True)
        assert "Look in your mailbox" in body(response)
        assert not response.wsgi_request.user.is_authenticated

    @pytest.mark.parametrize(
        ("email", "password", "message"),
        [
            ("", PASSWORD, "This field is required."),
            ("alice", PASSWORD, "Enter a valid email address."),
            (EMAIL, "short", "This password is too short. It must contain at least 10 characters."),
            (EMAIL, "alice@example.com", "The password is too similar"),
            (EMAIL, "1234567890", "This password is too common."),
        ],
    )
    def test_wrong_input_says_what_is_wrong(self, client: Client, email: str, password: str, message: str) -> None:
        response = client.post(reverse("account_signup"), {"email": email, "password1": password})
        assert message in body(response)
        assert 'class="field-error"' in body(response)
        assert not User.objects.exists()

    def test_a_taken_address_is_told_to_its_owner_alone(self, client: Client) -> None:
        make_user()
        response = client.post(
            reverse("account_signup"), {"email": EMAIL, "password1": "another long phrase"}, follow=True
        )
        assert "Look in your mailbox" in body(response)
        assert mail.outbox[-1].subject == "You have an account already"
        assert User.objects.get().check_password(PASSWORD)

    def test_a_stale_link_says_what_to_do(self, client: Client) -> None:
        assert "This link does not work any more" in body(client.get("/account/confirm-email/never:was/"))


class TestSignIn:
    def test_a_wrong_password_does_not_tell_whether_the_account_exists(self, client: Client) -> None:
        make_user()
        known = body(client.post(reverse("account_login"), {"login": EMAIL, "password": "not this one"}))
        unknown = body(client.post(reverse("account_login"), {"login": "bob@example.com", "password": "not this one"}))
        said = "The email address and/or password you specified are not correct."
        assert said in known
        assert said in unknown
        assert 'role="alert"' in known

    def test_too_many_attempts_are_slowed_down_on_a_page_of_ours(self, client: Client) -> None:
        make_user()
        for _attempt in range(12):
            response = client.post(reverse("account_login"), {"login": EMAIL, "password": "not this one"})
        assert "Too many" in body(response)
        assert "/static/css/app.css" in body(response)

    def test_goes_on_to_the_page_that_was_asked_for(self, client: Client) -> None:
        make_user()
        response = client.post(
            reverse("account_login"), {"login": EMAIL, "password": PASSWORD, "next": reverse("account_email")}
        )
        assert response.url == reverse("account_email")

    def test_sign_out_asks_first(self, client: Client) -> None:
        make_user()
        sign_in(client)
        assert "Sign out?" in body(client.get(reverse("account_logout")))
        client.post(reverse("account_logout"))
        assert client.get(reverse("account_email")).status_code == 302


class TestPassword:
    def test_a_forgotten_one_is_replaced_by_link(self, client: Client) -> None:
        make_user()
        response = client.post(reverse("account_reset_password"), {"email": EMAIL}, follow=True)
        assert "Look in your mailbox" in body(response)
        response = client.get(link_in(mail.outbox[-1]), follow=True)
        (form_url, _status) = response.redirect_chain[-1]
        new = {"password1": "quite another phrase", "password2": "quite another phrase"}

        different = client.post(form_url, new | {"password2": "not the same phrase"})
        assert "You must type the same password each time." in body(different)

        assert "Password changed" in body(client.post(form_url, new, follow=True))
        assert User.objects.get().check_password("quite another phrase")
        assert mail.outbox[-1].subject == "Your password was reset"

    def test_an_unknown_address_gets_another_message(self, client: Client) -> None:
        response = client.post(reverse("account_reset_password"), {"email": "bob@example.com"}, follow=True)
        assert "Look in your mailbox" in body(response)
        assert mail.outbox[-1].subject == "No account with this address"

    def test_a_used_link_says_so(self, client: Client) -> None:
        assert "This link does not work any more" in body(client.get("/account/password/reset/key/1-x/"))

    def test_changing_it_asks_for_the_old_one_and_is_told_by_mail(self, client: Client) -> None:
        make_user()
        sign_in(client)
        new = {"password1": "quite another phrase", "password2": "quite another phrase"}
        wrong = client.post(reverse("account_change_password"), {"oldpassword": "no", **new})
        assert "Please type your current password." in body(wrong)
        done = client.post(reverse("account_change_password"), {"oldpassword": PASSWORD, **new}, follow=True)
        assert "Your password was changed." in body(done)
        assert mail.outbox[-1].subject == "Your password was changed"


class TestAddress:
    def test_a_new_one_takes_the_place_of_the_old_when_it_is_confirmed(self, client: Client) -> None:
        make_user()
        sign_in(client)
        prove(client)
        url = reverse("account_email")
        response = client.post(url, {"action_add": "", "email": "alice@example.org"}, follow=True)
        assert "Not confirmed" in body(response)
        assert User.objects.get().email == EMAIL

        client.post(link_in(mail.outbox[-1]))
        assert User.objects.get().email == "alice@example.org"
        told = [message for message in mail.outbox if message.subject == "Your primary address was changed"]
        assert [message.to for message in told] == [[EMAIL]]  # who lost the account must hear of it

    def test_the_old_one_can_be_kept(self, client: Client) -> None:
        make_user()
        sign_in(client)
        prove(client)
        url = reverse("account_email")
        client.post(url, {"action_add": "", "email": "alice@example.org"})
        response = client.post(url, {"action_remove": "", "email": "alice@example.org"}, follow=True)
        assert "alice@example.org was removed." in body(response)
        assert "Not confirmed" not in body(response)

    def test_a_wrong_one_is_refused(self, client: Client) -> None:
        make_user()
        sign_in(client)
        prove(client)
        response = client.post(reverse("account_email"), {"action_add": "", "email": "alice"})
        assert "Enter a valid email address." in body(response)


@pytest.mark.django_db(transaction=True)  # the mail about it is sent after the commit
class TestTwoFactors:
    @pytest.fixture
    def secret(self, client: Client) -> str:
        """Of an account with an authenticator app, signed in."""
        make_user()
        sign_in(client)
        prove(client)
        page = body(client.get(reverse("mfa_activate_totp")))
        (secret,) = re.findall(r"<code data-copy-source>([A-Z2-7]+)</code>", page)
        assert 'class="qr" src="data:image/svg+xml;base64,' in page
        response = client.post(reverse("mfa_activate_totp"), {"code": totp(secret)}, follow=True)
        assert response.redirect_chain[-1][0] == reverse("mfa_view_recovery_codes")
        return str(secret)

    def test_a_wrong_code_turns_nothing_on(self, client: Client) -> None:
        make_user()
        sign_in(client)
        prove(client)
        client.get(reverse("mfa_activate_totp"))
        response = client.post(reverse("mfa_activate_totp"), {"code": "000000"})
        assert "Incorrect code." in body(response)
        assert "Set up" in body(client.get(reverse("mfa_index")))

    def test_from_then_on_the_password_is_not_enough(self, client: Client, secret: str) -> None:
        assert "Authenticator app set up" in [message.subject for message in mail.outbox]
        client.logout()
        sign_in(client)
        assert client.get(reverse("account_email")).status_code == 302

        url = reverse("mfa_authenticate")
        assert "Enter the code" in body(client.get(url))
        assert "Incorrect code." in body(client.post(url, {"code": "000000"}))
        # A code that was used cannot be used again: a recovery code opens the account at once.
        code = self.recovery_codes()[0]
        assert client.post(url, {"code": code}).url == reverse("portal:home")
        assert client.get(reverse("account_email")).status_code == 200

    @staticmethod
    def recovery_codes() -> list[str]:
        authenticator = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)
        return list(authenticator.wrap().get_unused_codes())

    def test_recovery_codes_are_shown_downloaded_and_replaced(self, client: Client, secret: str) -> None:
        codes = self.recovery_codes()
        page = body(client.get(reverse("mfa_view_recovery_codes")))
        assert all(code in page for code in codes)
        assert codes[0] in body(client.get(reverse("mfa_download_recovery_codes")))
        assert "The 10 codes that are left stop working." in body(client.get(reverse("mfa_generate_recovery_codes")))
        client.post(reverse("mfa_generate_recovery_codes"))
        assert not set(codes) & set(self.recovery_codes())

    def test_it_can_be_turned_off(self, client: Client, secret: str) -> None:
        assert "Turn off the authenticator app?" in body(client.get(reverse("mfa_deactivate_totp")))
        response = client.post(reverse("mfa_deactivate_totp"), follow=True)
        assert "protected by its password alone" in body(response)
        assert mail.outbox[-1].subject == "Authenticator app turned off"

    def test_a_session_alone_does_not_change_it(self, client: Client) -> None:
        make_user()
        sign_in(client)
        response = client.get(reverse("mfa_activate_totp"), follow=True)
        assert "Confirm that it is you" in body(response)
        (url, _status) = response.redirect_chain[-1]
        assert "Incorrect password." in body(client.post(url, {"password": "not this one"}))
        assert client.post(url, {"password": PASSWORD}).url == reverse("mfa_activate_totp")


def pages(patterns: list[URLPattern | URLResolver]) -> list[str]:
    """The names of all pages below that need no argument."""
    names = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            names += pages(pattern.url_patterns)
        elif pattern.name and not pattern.pattern.regex.groups and not pattern.pattern.converters:
            names.append(pattern.name)
    return names


def account_pages() -> list[str]:
    (account,) = [pattern for pattern in get_resolver().url_patterns if str(pattern.pattern) == "account/"]
    return pages(account.url_patterns)


def test_the_account_pages_are_known() -> None:
    assert {"account_login", "account_email", "mfa_index", "mfa_activate_totp"} <= set(account_pages())


@pytest.mark.parametrize("signed_in", [False, True], ids=["anonymous", "signed in"])
@pytest.mark.parametrize("name", account_pages())
def test_every_account_page_stands_in_our_frame(client: Client, name: str, signed_in: bool) -> None:
    if signed_in:
        make_user()
        sign_in(client)
    response = client.get(reverse(name), follow=True)
    html = body(response)
    if response.redirect_chain and response.redirect_chain[-1][0].startswith("/o/"):
        return  # on to the dashboard
    assert Path(response.templates[0].origin.name).is_relative_to(settings.BASE_DIR / "templates")
    assert "/static/css/app.css" in html
    assert '<main id="main"' in html
    assert " · API Factory</title>" in html or "<title>API Factory" in html
    # Nothing that the Content-Security-Policy would refuse.
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"\s(style|on\w+)=", html)


# What the account forms read, with values that most of them would take; each page takes from it what it knows.
FIELDS = {
    "email": EMAIL, "login": EMAIL, "password": PASSWORD, "password1": PASSWORD, "password2": PASSWORD,
    "oldpassword": PASSWORD, "code": "123456", "next": "/",
}  # fmt: skip
PAGES = account_pages()
SHARP = ["a\x00b", "\x00", "9" * 5000, "x" * 20_000, "\u202e", "é" * 300]


@pairings
@pytest.mark.parametrize("signed_in", [False, True], ids=["anonymous", "signed in"])
@pytest.mark.parametrize("name", PAGES)
def test_any_input_is_answered(client: Client, name: str, signed_in: bool, pairs: Pairs) -> None:
    user = make_user()
    bodies = [dict.fromkeys(FIELDS, value) for value in share(HOSTILE, pairs, PAGES.index(name))]
    bodies += [FIELDS | {field: value} for field, value in pairs([*FIELDS], SHARP)]
    for fields in bodies:
        cache.clear()  # where a limit counts how often somebody asked
        if signed_in:
            client.force_login(user)  # again, as some of the pages sign out or change the password
        response = client.post(reverse(name), fields)
        assert response.status_code in {200, 302, 400, 403, 404, 405, 409}, fields
    user.refresh_from_db()
    assert (user.email, user.is_active) == (EMAIL, True)
