"""Reads of accounts: an organization sees its own, and a long list costs no more queries than a short one."""

from typing import Any

import pytest

from apps.accounts import selectors
from apps.accounts.access import Actor
from apps.accounts.audit import record_event
from apps.accounts.enums import Role
from apps.accounts.models import Invitation
from apps.core.errors import NotAllowed, NotFound
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.actors import make_actor
from tests.queries import assert_flat

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> Actor:
    return make_actor()


class TestGetActor:
    def test_a_member_with_their_role(self, alice: Actor) -> None:
        bob = make_actor(alice.organization, Role.VIEWER)
        actor = selectors.get_actor(user=bob.user, organization_slug=alice.organization.slug)
        assert (actor.user, actor.organization, actor.role) == (bob.user, alice.organization, Role.VIEWER)

    def test_a_stranger_is_not_told_that_it_exists(self, alice: Actor) -> None:
        stranger = UserFactory()
        messages = set()
        for slug in (alice.organization.slug, "no-such", "", "\x00", "\ud800", "x" * 100_000):
            with pytest.raises(NotFound) as refused:
                selectors.get_actor(user=stranger, organization_slug=slug)
            messages.add((refused.value.message, refused.value.code, refused.value.status))
        assert len(messages) == 1

    def test_who_is_deactivated_acts_for_nobody(self, alice: Actor) -> None:
        alice.user.is_active = False
        alice.user.save()
        with pytest.raises(NotFound):
            selectors.get_actor(user=alice.user, organization_slug=alice.organization.slug)


class TestScope:
    def test_only_of_the_own_organization(self, alice: Actor) -> None:
        other = make_actor()
        Invitation.objects.create(organization=other.organization, email="x@example.com", role=Role.VIEWER)
        record_event(organization=other.organization, actor=other.user, action="x.done", summary="x")
        record_event(organization=None, actor=None, action="x.done", summary="x")
        assert [member.user for member in selectors.list_members(alice)] == [alice.user]
        assert not selectors.list_invitations(alice)
        assert not selectors.list_audit_events(alice)

    def test_a_member_of_another_organization_is_not_found(self, alice: Actor) -> None:
        foreign = MembershipFactory()
        for number in (foreign.pk, 0, -1, 2**31, 2**63, 10**40):
            with pytest.raises(NotFound):
                selectors.get_member(alice, member_id=number)

    @pytest.mark.parametrize("role", [Role.DEVELOPER, Role.VIEWER])
    def test_the_audit_log_is_for_owners_and_admins(self, alice: Actor, role: str) -> None:
        with pytest.raises(NotAllowed):
            selectors.list_audit_events(make_actor(alice.organization, role))
        assert selectors.list_members(make_actor(alice.organization, role))


def test_memberships_the_personal_one_first() -> None:
    person = UserFactory(name="Zoe")
    for name in ("Beta", "Alpha"):
        MembershipFactory(user=person, organization=OrganizationFactory(name=name))
    names = [membership.organization.name for membership in selectors.list_memberships_of(person)]
    assert names == ["Zoe", "Alpha", "Beta"]


class TestQueries:
    def test_members(self) -> None:
        # The first owner is one of the ten.
        alice = make_actor()
        alice.organization.memberships.all().delete()

        def grow(number: int) -> None:
            MembershipFactory.create_batch(number, organization=alice.organization)

        assert_flat(grow, lambda: [(row.user.email, row.role) for row in selectors.list_members(alice)])

    def test_memberships(self) -> None:
        person = UserFactory()
        person.memberships.all().delete()

        def grow(number: int) -> None:
            MembershipFactory.create_batch(number, user=person)

        assert_flat(grow, lambda: [row.organization.name for row in selectors.list_memberships_of(person)])

    def test_audit_events(self, alice: Actor) -> None:
        def grow(number: int) -> None:
            for _ in range(number):
                record_event(organization=alice.organization, actor=UserFactory(), action="x.done", summary="x")

        def read() -> list[Any]:
            return [(event.actor and event.actor.email, event.summary) for event in selectors.list_audit_events(alice)]

        assert_flat(grow, read)
