"""Two people at the same moment: neither breaks what holds for one."""

import pytest
from allauth.account.models import EmailAddress

from apps.accounts import services
from apps.accounts.enums import Role
from apps.accounts.models import AuditEvent, Invitation, Membership, Organization, User
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.factories.accounts import UserFactory
from tests.factories.actors import make_actor
from tests.threads import at_once, refusals

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 3


def number_of(actor: object) -> int:
    return Membership.objects.get(organization=actor.organization, user=actor.user).pk


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_two_owners_cannot_remove_each_other(round_: int) -> None:
    alice = make_actor()
    bob = make_actor(alice.organization)
    of_alice, of_bob = number_of(alice), number_of(bob)
    outcomes = at_once(
        lambda: services.remove_member(actor=alice, member_id=of_bob),
        lambda: services.remove_member(actor=bob, member_id=of_alice),
    )
    assert refusals(outcomes) == [NotFound]
    assert Membership.objects.get(organization=alice.organization).role == Role.OWNER


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_two_owners_cannot_both_step_down(round_: int) -> None:
    alice = make_actor()
    bob = make_actor(alice.organization)
    of_alice, of_bob = number_of(alice), number_of(bob)
    outcomes = at_once(
        lambda: services.change_role(actor=alice, member_id=of_alice, role=Role.VIEWER),
        lambda: services.change_role(actor=bob, member_id=of_bob, role=Role.VIEWER),
    )
    assert refusals(outcomes) == [Conflict]
    assert Membership.objects.filter(organization=alice.organization, role=Role.OWNER).count() == 1


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_who_is_demoted_does_not_demote_in_return(round_: int) -> None:
    alice = make_actor()
    bob, carol = make_actor(alice.organization), make_actor(alice.organization)
    of_alice, of_bob = number_of(alice), number_of(bob)
    outcomes = at_once(
        lambda: services.change_role(actor=alice, member_id=of_bob, role=Role.VIEWER),
        lambda: services.change_role(actor=bob, member_id=of_alice, role=Role.VIEWER),
    )
    assert refusals(outcomes) == [NotAllowed]
    roles = Membership.objects.filter(organization=alice.organization, role=Role.OWNER)
    assert roles.count() == 2
    assert roles.filter(user=carol.user).exists()


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_invitations_are_accepted_once(round_: int) -> None:
    alice = make_actor()
    services.invite_member(actor=alice, email="new@example.com", role=Role.ADMIN)
    user = UserFactory(email="new@example.com")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    outcomes = at_once(*[lambda: services.accept_invitations(user=user)] * 3)
    assert refusals(outcomes) == []
    assert sorted(map(len, outcomes)) == [0, 0, 1]
    assert Membership.objects.filter(organization=alice.organization, user=user).count() == 1
    assert AuditEvent.objects.filter(action="member.joined").count() == 1


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_inviting_while_the_person_accepts_is_no_deadlock(round_: int) -> None:
    alice = make_actor()
    services.invite_member(actor=alice, email="new@example.com", role=Role.ADMIN)
    user = UserFactory(email="new@example.com")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    outcomes = at_once(
        lambda: services.accept_invitations(user=user),
        lambda: services.invite_member(actor=alice, email="new@example.com", role=Role.VIEWER),
    )
    assert set(refusals(outcomes)) <= {Conflict}  # a member already
    assert Membership.objects.filter(organization=alice.organization, user=user).count() == 1
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_withdrawn_or_accepted_never_both(round_: int) -> None:
    alice = make_actor()
    invitation = services.invite_member(actor=alice, email="new@example.com", role=Role.ADMIN)
    user = UserFactory(email="new@example.com")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    outcomes = at_once(
        lambda: services.accept_invitations(user=user),
        lambda: services.withdraw_invitation(actor=alice, invitation_id=invitation.pk),
    )
    is_member = Membership.objects.filter(organization=alice.organization, user=user).exists()
    assert refusals(outcomes) == ([NotFound] if is_member else [])
    assert AuditEvent.objects.filter(action="invitation.withdrawn").exists() is not is_member


def test_people_of_the_same_name_sign_up_at_once() -> None:
    outcomes = at_once(*[lambda n=number: UserFactory(email=f"dana@{n}.example.com") for number in range(4)])
    assert refusals(outcomes) == []
    assert Organization.objects.filter(is_personal=True).count() == User.objects.count() == 4


def test_an_address_of_an_organization_is_taken_once() -> None:
    users = [UserFactory() for _ in range(3)]
    outcomes = at_once(
        *[lambda u=user: services.create_organization(user=u, name="Acme", slug="acme") for user in users]
    )
    assert refusals(outcomes) == [Invalid, Invalid]
    assert Membership.objects.filter(organization__slug="acme").count() == 1


def test_the_limit_of_organizations_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.organizations, "ORGANIZATIONS_MAX", 3)
    user = UserFactory()  # owns the personal one
    outcomes = at_once(
        *[
            lambda n=number: services.create_organization(user=user, name="Acme", slug=f"acme-{n}")
            for number in range(4)
        ]
    )
    assert refusals(outcomes) == [Conflict, Conflict]
    assert Membership.objects.filter(user=user).count() == 3
