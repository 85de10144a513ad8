"""Invitations: they wait for a verified address, and for nothing less."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.accounts import services
from apps.accounts.access import Actor
from apps.accounts.enums import Role
from apps.accounts.models import AuditEvent, Invitation, Membership, User
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.actors import make_actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> Actor:
    return make_actor()


def person(email: str, *, verified: bool, **fields: Any) -> User:
    user = UserFactory(email=email, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


def is_member(actor: Actor, user: User) -> bool:
    return Membership.objects.filter(organization=actor.organization, user=user).exists()


class TestInvite:
    def test_a_stranger_gets_a_mail(
        self, alice: Actor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        alice.organization.name = "R & D <Labs>"
        alice.organization.save()
        with django_capture_on_commit_callbacks(execute=True):
            invitation = services.invite_member(actor=alice, email=" New@Example.COM ", role=Role.DEVELOPER)
        assert isinstance(invitation, Invitation)
        assert (invitation.email, invitation.role, invitation.invited_by) == (
            "new@example.com",
            Role.DEVELOPER,
            alice.user,
        )
        (message,) = mail.outbox
        assert message.to == ["new@example.com"]
        assert "R & D <Labs>" in message.subject  # mail is no HTML
        assert "R & D <Labs>" in message.body
        assert "/account/signup/" in message.body
        assert AuditEvent.objects.get(action="member.invited").data["email"] == "new@example.com"

    def test_a_person_with_a_verified_address_is_a_member_at_once(self, alice: Actor) -> None:
        user = person("bob@example.com", verified=True)
        membership = services.invite_member(actor=alice, email="Bob@example.com", role=Role.VIEWER)
        assert isinstance(membership, Membership)
        assert (membership.user, membership.role) == (user, Role.VIEWER)
        assert not Invitation.objects.exists()

    def test_an_address_that_is_not_verified_is_only_invited(self, alice: Actor) -> None:
        user = person("bob@example.com", verified=False)
        assert isinstance(services.invite_member(actor=alice, email="bob@example.com", role=Role.OWNER), Invitation)
        assert not is_member(alice, user)

    def test_another_verified_address_of_the_same_person_proves_nothing_about_this_one(self, alice: Actor) -> None:
        user = UserFactory(email="victim@example.com")
        EmailAddress.objects.create(user=user, email="mine@example.com", verified=True, primary=True)
        invited = services.invite_member(actor=alice, email="victim@example.com", role=Role.OWNER)
        assert isinstance(invited, Invitation)
        assert not is_member(alice, user)

    def test_who_is_deactivated_is_only_invited(self, alice: Actor) -> None:
        user = person("bob@example.com", verified=True, is_active=False)
        services.invite_member(actor=alice, email="bob@example.com", role=Role.VIEWER)
        assert not is_member(alice, user)

    def test_a_second_invitation_replaces_the_first(self, alice: Actor) -> None:
        for role in (Role.VIEWER, Role.ADMIN):
            services.invite_member(actor=alice, email="new@example.com", role=role)
        assert Invitation.objects.get().role == Role.ADMIN

    def test_a_member_is_not_invited_again(self, alice: Actor) -> None:
        with pytest.raises(Conflict, match="already"):
            services.invite_member(actor=alice, email=alice.user.email.upper(), role=Role.VIEWER)

    def test_only_owners_invite_owners(self, alice: Actor) -> None:
        admin = make_actor(alice.organization, Role.ADMIN)
        with pytest.raises(NotAllowed):
            services.invite_member(actor=admin, email="new@example.com", role=Role.OWNER)
        assert not Invitation.objects.exists()

    @pytest.mark.parametrize(
        "email",
        [
            "", "x", "@", "a@b", "a b@example.com", "a@example.com\x00", "a\n@example.com", "a@example.com\nBcc: x@y.z",
            "x" * 250 + "@example.com", "a@" + "b" * 1_000_000, None, 5, ["a@example.com"], "\ud800@example.com",
            "a@example.com,b@example.com",
        ],
    )  # fmt: skip
    def test_what_is_no_address_is_refused(self, alice: Actor, email: Any) -> None:
        with pytest.raises(Invalid) as refused:
            services.invite_member(actor=alice, email=email, role=Role.VIEWER)
        assert refused.value.field == "email"

    def test_the_longest_address_fits(self, alice: Actor) -> None:
        email = "a" * 60 + "@" + ".".join(["b" * 60] * 3) + ".example.co"
        email = email.ljust(254, "m")
        assert services.invite_member(actor=alice, email=email, role=Role.VIEWER)

    def test_members_and_invitations_are_bounded(self, alice: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services.invitations, "MEMBERS_MAX", 3)
        MembershipFactory(organization=alice.organization)
        services.invite_member(actor=alice, email="third@example.com", role=Role.VIEWER)
        with pytest.raises(Conflict, match="3"):
            services.invite_member(actor=alice, email="fourth@example.com", role=Role.VIEWER)
        services.invite_member(actor=alice, email="third@example.com", role=Role.ADMIN)  # the same one again

    def test_one_person_sends_so_many_a_day(self, alice: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services.invitations, "INVITATIONS_MAX_PER_DAY", 2)
        for number in range(2):
            invitation = services.invite_member(actor=alice, email=f"{number}@example.com", role=Role.VIEWER)
            services.withdraw_invitation(actor=alice, invitation_id=invitation.pk)
        with pytest.raises(Conflict, match="tomorrow"):
            services.invite_member(actor=alice, email="3@example.com", role=Role.VIEWER)


class TestAccept:
    def test_every_invitation_of_a_verified_address(self) -> None:
        organizations = [OrganizationFactory() for _ in range(3)]
        for organization in organizations:
            services.invite_member(actor=make_actor(organization), email="new@example.com", role=Role.DEVELOPER)
        user = person("new@example.com", verified=True)
        joined = services.accept_invitations(user=user)
        assert {membership.organization for membership in joined} == set(organizations)
        assert all(membership.role == Role.DEVELOPER for membership in joined)
        assert not Invitation.objects.exists()
        assert AuditEvent.objects.filter(action="member.joined").count() == 3
        assert services.accept_invitations(user=user) == []

    def test_an_address_that_is_not_verified_accepts_nothing(self, alice: Actor) -> None:
        services.invite_member(actor=alice, email="new@example.com", role=Role.OWNER)
        user = person("new@example.com", verified=False)
        assert services.accept_invitations(user=user) == []
        assert not is_member(alice, user)
        assert Invitation.objects.exists()

    def test_who_is_deactivated_joins_nothing(self, alice: Actor) -> None:
        services.invite_member(actor=alice, email="new@example.com", role=Role.OWNER)
        user = person("new@example.com", verified=True, is_active=False)
        assert services.accept_invitations(user=user) == []
        assert not is_member(alice, user)

    def test_a_member_keeps_their_role(self, alice: Actor) -> None:
        services.invite_member(actor=alice, email="new@example.com", role=Role.OWNER)
        user = person("new@example.com", verified=True)
        MembershipFactory(organization=alice.organization, user=user, role=Role.VIEWER)
        assert services.accept_invitations(user=user) == []
        assert Membership.objects.get(organization=alice.organization, user=user).role == Role.VIEWER
        assert not Invitation.objects.exists()


class TestWithdraw:
    def test_a_withdrawn_invitation_is_gone(self, alice: Actor) -> None:
        invitation = services.invite_member(actor=alice, email="new@example.com", role=Role.VIEWER)
        services.withdraw_invitation(actor=alice, invitation_id=invitation.pk)
        user = person("new@example.com", verified=True)
        assert services.accept_invitations(user=user) == []
        with pytest.raises(NotFound):
            services.withdraw_invitation(actor=alice, invitation_id=invitation.pk)

    def test_that_of_another_organization_is_not_found(self, alice: Actor) -> None:
        invitation = services.invite_member(actor=alice, email="new@example.com", role=Role.VIEWER)
        with pytest.raises(NotFound):
            services.withdraw_invitation(actor=make_actor(), invitation_id=invitation.pk)
        assert Invitation.objects.exists()

    def test_nothing_is_sent_when_it_is_withdrawn_before_the_mail_leaves(
        self, alice: Actor, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            invitation = services.invite_member(actor=alice, email="new@example.com", role=Role.VIEWER)
            services.withdraw_invitation(actor=alice, invitation_id=invitation.pk)
        assert mail.outbox == []
