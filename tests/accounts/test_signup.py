"""Accounts through the web: verification, enumeration, limits, sessions. Rules, not looks."""

import re
import time
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal import auth
from django.core import mail
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from apps.accounts import services
from apps.accounts.enums import Role
from apps.accounts.models import Membership, Organization, User
from apps.accounts.selectors import get_actor, get_personal_organization
from apps.core.errors import NotFound
from tests.factories.accounts import UserFactory
from tests.factories.actors import make_actor
from tests.factories.products import ProductFactory
from tests.stripe_tables import stripe_tables

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


def member(email: str, *, verified: bool = True, **fields: Any) -> User:
    user = UserFactory(email=email, **fields)
    user.set_password(PASSWORD)
    user.save()
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


def sign_up(client: Client, email: str, password: str = PASSWORD, **headers: str) -> HttpResponse:
    return client.post(reverse("account_signup"), {"email": email, "password1": password}, **headers)


def sign_in(client: Client, email: str, password: str = PASSWORD, **headers: str) -> HttpResponse:
    return client.post(reverse("account_login"), {"login": email, "password": password}, **headers)


def signed_in_as(client: Client) -> str | None:
    """The address of the person whose session this is."""
    number = client.session.get("_auth_user_id")
    if number is None or client.get(reverse("account_email")).status_code != 200:
        return None
    return User.objects.get(pk=number).email


def give_password_again(client: Client) -> None:
    assert client.post(reverse("account_reauthenticate"), {"password": PASSWORD}).status_code == 302


def link_in(message: mail.EmailMessage) -> str:
    found = re.search(r"https?://[^/\s]+(/account/\S+)", message.body)
    assert found, message.body
    return found[1]


def verify(client: Client, message: mail.EmailMessage) -> HttpResponse:
    return client.post(link_in(message))


class TestSignUp:
    def test_nobody_is_in_before_the_address_is_verified(self, client: Client) -> None:
        response = sign_up(client, "New.Person@Example.COM")
        assert response["Location"] == reverse("account_email_verification_sent")
        user = User.objects.get()
        assert user.email == "new.person@example.com"
        assert signed_in_as(client) is None
        sign_in(client, user.email)
        assert signed_in_as(client) is None
        assert mail.outbox[0].to == ["new.person@example.com"]
        assert mail.outbox[0].recipients() == ["new.person@example.com"]

    def test_the_link_lets_in_who_signed_up(self, client: Client) -> None:
        sign_up(client, "new@example.com")
        assert client.get(link_in(mail.outbox[0])).status_code == 200
        assert signed_in_as(client) is None, "a mail scanner that follows links verifies nothing"
        verify(client, mail.outbox[0])
        assert signed_in_as(client) == "new@example.com"
        assert EmailAddress.objects.get().verified
        assert get_personal_organization(User.objects.get()).is_personal

    def test_the_link_lets_nobody_else_in(self, client: Client) -> None:
        sign_up(client, "new@example.com")
        other = Client()
        verify(other, mail.outbox[0])
        assert signed_in_as(other) is None
        assert EmailAddress.objects.get().verified

    def test_invitations_are_accepted_on_verification(self, client: Client) -> None:
        alice = make_actor()
        services.invite_member(actor=alice, email="new@example.com", role=Role.DEVELOPER)
        sign_up(client, "new@example.com")
        user = User.objects.get(email="new@example.com")
        assert not Membership.objects.filter(organization=alice.organization, user=user).exists()
        verify(client, mail.outbox[0])
        assert Membership.objects.get(organization=alice.organization, user=user).role == Role.DEVELOPER

    @pytest.mark.parametrize("password", ["short", "1234567890", "password123", "new@example.com", ""])
    def test_weak_passwords_are_refused(self, client: Client, password: str) -> None:
        assert sign_up(client, "new@example.com", password).status_code == 200
        assert not User.objects.exists()

    @pytest.mark.parametrize(
        "email", ["", "x", "a@b\x00.com", "a" * 250 + "@example.com", "a\r\nBcc: b@c.de@example.com"]
    )
    def test_what_is_no_address_is_refused(self, client: Client, email: str) -> None:
        assert sign_up(client, email).status_code == 200
        assert not User.objects.exists()
        assert mail.outbox == []


class TestEnumeration:
    """Whether an address has an account is for nobody to find out."""

    @staticmethod
    def visible(response: HttpResponse) -> tuple[int, str, str]:
        text = re.sub(rb"[\w.]+@example\.com|csrfmiddlewaretoken[^>]*", b"", response.content)
        text = re.sub(rb'nonce="[^"]*"|"[0-9A-Za-z]{64}"', b"", text)  # of the page and of the form
        return response.status_code, response.get("Location", ""), text.decode()

    def test_signing_up_with_a_taken_address_looks_the_same(self) -> None:
        member("taken@example.com")
        taken, free = sign_up(Client(), "Taken@example.com"), sign_up(Client(), "free@example.com")
        assert self.visible(taken) == self.visible(free)
        assert User.objects.count() == 2
        to_taken, to_free = mail.outbox
        assert to_taken.to == ["taken@example.com"]
        assert "confirm-email" not in to_taken.body
        assert "confirm-email" in to_free.body

    def test_asking_for_a_new_password_looks_the_same(self) -> None:
        member("taken@example.com")
        answers = [
            self.visible(Client().post(reverse("account_reset_password"), {"email": email}))
            for email in ("taken@example.com", "free@example.com")
        ]
        assert answers[0] == answers[1]
        assert [message.to for message in mail.outbox] == [["taken@example.com"], ["free@example.com"]]

    def test_a_wrong_password_and_an_unknown_address_look_the_same(self) -> None:
        member("taken@example.com")
        answers = [
            self.visible(sign_in(Client(), email, "wrong")) for email in ("taken@example.com", "free@example.com")
        ]
        assert answers[0] == answers[1]

    def test_adding_a_taken_address_looks_the_same(self, client: Client) -> None:
        member("taken@example.com")
        member("me@example.com")
        sign_in(client, "me@example.com")
        give_password_again(client)
        answers = [
            self.visible(client.post(reverse("account_email"), {"action_add": "", "email": email}))
            for email in ("taken@example.com", "free@example.com")
        ]
        assert answers[0] == answers[1]
        (to_taken,) = [message for message in mail.outbox if message.to == ["taken@example.com"]]
        verify(client, to_taken)
        mine = EmailAddress.objects.filter(email="taken@example.com", user__email="me@example.com", verified=True)
        assert not mine.exists(), "an address that is somebody's stays theirs"


class TestChangeOfAddress:
    def test_the_new_one_takes_the_place_of_the_old_when_it_is_verified(self, client: Client) -> None:
        user = member("old@example.com")
        alice = make_actor()
        services.invite_member(actor=alice, email="new@example.com", role=Role.ADMIN)
        sign_in(client, "old@example.com")
        give_password_again(client)
        mail.outbox.clear()
        client.post(reverse("account_email"), {"action_add": "", "email": "New@example.com"})
        user.refresh_from_db()
        assert user.email == "old@example.com", "not before it is verified"
        assert not Membership.objects.filter(organization=alice.organization, user=user).exists()
        (message,) = [message for message in mail.outbox if message.to == ["new@example.com"]]
        verify(client, message)
        user.refresh_from_db()
        assert user.email == "new@example.com"
        address = EmailAddress.objects.get(user=user)
        assert (address.email, address.verified, address.primary) == ("new@example.com", True, True)
        assert Membership.objects.get(organization=alice.organization, user=user).role == Role.ADMIN
        assert ["old@example.com"] in [message.to for message in mail.outbox], "the old address hears of it"
        with_old, with_new = Client(), Client()
        sign_in(with_old, "old@example.com")
        sign_in(with_new, "new@example.com")
        assert (signed_in_as(with_old), signed_in_as(with_new)) == (None, "new@example.com")

    def test_an_account_that_only_claimed_an_address_is_no_obstacle(self, client: Client) -> None:
        sign_up(Client(), "mine@example.com")  # by somebody else, never verified
        user = member("old@example.com")
        sign_in(client, "old@example.com")
        give_password_again(client)
        cache.clear()  # the limit on mails to one address
        mail.outbox.clear()
        client.post(reverse("account_email"), {"action_add": "", "email": "mine@example.com"})
        with stripe_tables():  # as where Stripe is set up: it knows users, too
            verify(client, mail.outbox[-1])
        user.refresh_from_db()
        assert user.email == "mine@example.com"
        assert list(User.objects.all()) == [user]
        assert Organization.objects.count() == 1

    def test_an_account_with_something_in_it_is_not_deleted(self) -> None:
        claimant = UserFactory(email="mine@example.com")
        ProductFactory(organization=get_personal_organization(claimant))
        services.claim_address(user=UserFactory(), email="mine@example.com")
        assert get_personal_organization(User.objects.get(pk=claimant.pk))

    @pytest.mark.parametrize("fields", [{"last_login": "2026-01-01T00:00Z"}, {"verified": True}])
    def test_an_account_that_somebody_was_in_is_not_deleted(self, fields: dict[str, Any]) -> None:
        claimant = member("mine@example.com", **{"verified": False} | fields)
        services.claim_address(user=UserFactory(), email="mine@example.com")
        assert User.objects.filter(pk=claimant.pk).exists()

    @pytest.mark.parametrize("action", ["action_add", "action_primary", "action_remove"])
    def test_it_takes_the_password_again(self, client: Client, action: str) -> None:
        user = member("old@example.com")
        EmailAddress.objects.create(user=user, email="second@example.com", verified=True)
        sign_in(client, "old@example.com")
        before = list(EmailAddress.objects.order_by("pk").values())
        email = "new@example.com" if action == "action_add" else "second@example.com"
        response = client.post(reverse("account_email"), {action: "", "email": email})
        assert response["Location"].startswith(reverse("account_reauthenticate"))
        assert list(EmailAddress.objects.order_by("pk").values()) == before

    def test_a_change_of_mind_leaves_one_address(self, client: Client) -> None:
        member("me@example.com")
        sign_in(client, "me@example.com")
        give_password_again(client)
        for number in range(4):
            client.post(reverse("account_email"), {"action_add": "", "email": f"{number}@example.com"})
        assert set(EmailAddress.objects.values_list("email", flat=True)) == {"me@example.com", "3@example.com"}
        client.post(reverse("account_email"), {"action_remove": "", "email": "3@example.com"})
        assert EmailAddress.objects.get().email == "me@example.com"


class TestDeactivated:
    def test_cannot_sign_in(self, client: Client) -> None:
        member("gone@example.com", is_active=False)
        sign_in(client, "gone@example.com")
        assert "_auth_user_id" not in client.session

    def test_a_session_ends_at_once(self, client: Client) -> None:
        user = member("gone@example.com")
        sign_in(client, "gone@example.com")
        assert signed_in_as(client) == "gone@example.com"
        User.objects.update(is_active=False)
        assert signed_in_as(client) is None
        with pytest.raises(NotFound):
            get_actor(user=user, organization_slug=get_personal_organization(user).slug)

    def test_gets_no_link_for_a_new_password(self, client: Client) -> None:
        member("gone@example.com", is_active=False)
        client.post(reverse("account_reset_password"), {"email": "gone@example.com"})
        assert not any("/password/reset/key/" in message.body for message in mail.outbox)

    def test_the_way_through_a_second_factor_is_closed_too(self, client: Client) -> None:
        user = member("gone@example.com")
        assert client.login(username="gone@example.com", password=PASSWORD)
        user.is_active = False
        user.save()
        assert not Client().login(username="gone@example.com", password=PASSWORD)
        assert not Client().login(email="gone@example.com", password=PASSWORD)


class TestSecondFactor:
    SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

    @pytest.fixture
    def period(self, monkeypatch: pytest.MonkeyPatch) -> int:
        """The number of a time step that stands still."""
        now = int(time.time())
        monkeypatch.setattr(auth.time, "time", lambda: now)
        return now // 30

    def code(self, period: int) -> str:
        return auth.format_hotp_value(auth.hotp_value(self.SECRET, period))

    def protected(self, email: str) -> Client:
        """A person with a second factor, who has given their password."""
        auth.TOTP.activate(member(email), self.SECRET)
        client = Client()
        assert sign_in(client, email)["Location"] == reverse("mfa_authenticate")
        return client

    def test_the_password_alone_lets_nobody_in(self, period: int) -> None:
        client = self.protected("me@example.com")
        assert signed_in_as(client) is None
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
        assert signed_in_as(client) is None
        client.post(reverse("mfa_authenticate"), {"code": self.code(period)})
        assert signed_in_as(client) == "me@example.com"

    def test_staff_too(self, period: int) -> None:
        auth.TOTP.activate(member("root@example.com", is_staff=True, is_superuser=True), self.SECRET)
        client = Client()
        sign_in(client, "root@example.com")
        assert client.get(reverse("admin:index")).status_code == 302
        client.post(reverse("mfa_authenticate"), {"code": self.code(period)})
        assert client.get(reverse("admin:index")).status_code == 200

    def test_a_code_works_once_and_only_in_its_time(self, period: int) -> None:
        client = self.protected("me@example.com")
        for other in (self.code(period - 1), self.code(period + 1)):
            client.post(reverse("mfa_authenticate"), {"code": other})
            assert signed_in_as(client) is None
        client.post(reverse("mfa_authenticate"), {"code": self.code(period)})
        assert signed_in_as(client) == "me@example.com"
        again = Client()
        sign_in(again, "me@example.com")
        again.post(reverse("mfa_authenticate"), {"code": self.code(period)})
        assert signed_in_as(again) is None

    def test_codes_cannot_be_guessed(self, period: int) -> None:
        client = self.protected("me@example.com")
        for number in range(6):
            client.post(reverse("mfa_authenticate"), {"code": f"{number:06}"})
        client.post(reverse("mfa_authenticate"), {"code": self.code(period)})
        assert signed_in_as(client) is None


class TestLimits:
    def test_a_password_cannot_be_guessed(self) -> None:
        member("victim@example.com")
        for number in range(6):
            sign_in(Client(), "victim@example.com", f"wrong {number}", REMOTE_ADDR=f"198.51.100.{number}")
        right = Client()
        sign_in(right, "victim@example.com", REMOTE_ADDR="198.51.100.99")
        assert signed_in_as(right) is None

    def test_nor_from_one_network(self) -> None:
        for number in range(11):
            sign_in(Client(), f"{number}@example.com", "wrong", REMOTE_ADDR="198.51.100.7")
        member("me@example.com")
        same, other = Client(), Client()
        sign_in(same, "me@example.com", REMOTE_ADDR="198.51.100.7")
        sign_in(other, "me@example.com", REMOTE_ADDR="198.51.100.8")
        assert (signed_in_as(same), signed_in_as(other)) == (None, "me@example.com")

    def test_an_address_that_is_claimed_does_not_help(self) -> None:
        for number in range(11):
            forged = f"1.2.3.{number}"
            sign_in(Client(), f"{number}@example.com", "x", REMOTE_ADDR="198.51.100.7", HTTP_X_FORWARDED_FOR=forged)
        member("me@example.com")
        client = Client()
        sign_in(client, "me@example.com", REMOTE_ADDR="198.51.100.7", HTTP_X_FORWARDED_FOR="9.9.9.9")
        assert signed_in_as(client) is None

    def test_behind_a_trusted_proxy_every_client_has_its_own(self, settings: Settings) -> None:
        settings.TRUSTED_PROXY_HOPS = 1
        proxy = "10.0.0.1"
        for number in range(11):
            sign_in(
                Client(), f"{number}@example.com", "x", REMOTE_ADDR=proxy, HTTP_X_FORWARDED_FOR="6.6.6.6, 198.51.100.7"
            )
        member("me@example.com")
        same, other = Client(), Client()
        sign_in(same, "me@example.com", REMOTE_ADDR=proxy, HTTP_X_FORWARDED_FOR="7.7.7.7, 198.51.100.7")
        sign_in(other, "me@example.com", REMOTE_ADDR=proxy, HTTP_X_FORWARDED_FOR="198.51.100.8")
        assert (signed_in_as(same), signed_in_as(other)) == (None, "me@example.com")

    def test_accounts_are_not_made_in_bulk(self) -> None:
        answers = [sign_up(Client(), f"{number}@example.com", REMOTE_ADDR="198.51.100.7") for number in range(21)]
        assert [answer.status_code for answer in answers] == [302] * 20 + [429]
        assert User.objects.count() == 20

    def test_verification_mails_are_not_sent_in_bulk(self) -> None:
        sign_up(Client(), "new@example.com")
        for _ in range(5):
            sign_in(Client(), "new@example.com")
        assert len(mail.outbox) == 1


class TestSuperuser:
    def test_made_on_the_command_line_can_sign_in_without_mail(self, client: Client) -> None:
        User.objects.create_superuser("Root@Example.com", PASSWORD)
        sign_in(client, "root@example.com")
        assert signed_in_as(client) == "root@example.com"

    def test_an_address_in_other_letters_is_the_same_person(self) -> None:
        user = User.objects.create_user("Root@Example.COM", PASSWORD)
        assert user.email == "root@example.com"
        assert User.objects.get_by_natural_key("ROOT@example.com") == user

    def test_nobody_without_an_address(self) -> None:
        with pytest.raises(ValueError, match="address"):
            User.objects.create_user("", PASSWORD)
        assert not User.objects.exists()
