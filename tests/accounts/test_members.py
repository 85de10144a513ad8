"""Members of an organization: who may add, change and remove whom."""

from typing import Any

import pytest

from apps.accounts import services
from apps.accounts.access import Actor
from apps.accounts.enums import Role
from apps.accounts.models import AuditEvent, Membership
from apps.accounts.selectors import get_actor, get_personal_organization
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.factories.actors import make_actor

pytestmark = pytest.mark.django_db


def membership_of(actor: Actor) -> Membership:
    return Membership.objects.get(organization=actor.organization, user=actor.user)


@pytest.fixture
def alice() -> Actor:
    """The owner of an organization."""
    return make_actor(email="alice@example.com")


@pytest.fixture
def bob(alice: Actor) -> Actor:
    """A developer in it."""
    return make_actor(alice.organization, Role.DEVELOPER, email="bob@example.com")


@pytest.fixture
def charlie() -> Actor:
    """A stranger: the owner of another one."""
    return make_actor(email="charlie@example.com")


class TestChangeRole:
    def test_an_owner_gives_a_role(self, alice: Actor, bob: Actor) -> None:
        changed = services.change_role(actor=alice, member_id=membership_of(bob).pk, role=Role.ADMIN)
        assert changed.role == membership_of(bob).role == Role.ADMIN
        event = AuditEvent.objects.get(action="member.role_changed")
        assert event.organization == alice.organization
        assert event.actor == alice.user
        assert event.data == {"from": "developer", "to": "admin"}
        assert event.target == bob.user.public_id

    def test_a_stranger_is_not_found(self, alice: Actor, charlie: Actor) -> None:
        with pytest.raises(NotFound):
            services.change_role(actor=charlie, member_id=membership_of(alice).pk, role=Role.VIEWER)
        assert membership_of(alice).role == Role.OWNER

    @pytest.mark.parametrize("role", ["", "boss", "OWNER", None, 5, ["owner"], "owner\x00", "x" * 10_000])
    def test_another_word_is_no_role(self, alice: Actor, bob: Actor, role: Any) -> None:
        with pytest.raises(Invalid):
            services.change_role(actor=alice, member_id=membership_of(bob).pk, role=role)

    @pytest.mark.parametrize("member_id", [0, -1, 2**31, 2**63, 10**30])
    def test_a_number_that_is_nobody_is_not_found(self, alice: Actor, member_id: int) -> None:
        with pytest.raises(NotFound):
            services.change_role(actor=alice, member_id=member_id, role=Role.VIEWER)
        with pytest.raises(NotFound):
            services.remove_member(actor=alice, member_id=member_id)
        with pytest.raises(NotFound):
            services.withdraw_invitation(actor=alice, invitation_id=member_id)

    def test_the_last_owner_stays_owner(self, alice: Actor, bob: Actor) -> None:
        with pytest.raises(Conflict, match="owner"):
            services.change_role(actor=alice, member_id=membership_of(alice).pk, role=Role.ADMIN)
        services.change_role(actor=alice, member_id=membership_of(bob).pk, role=Role.OWNER)
        services.change_role(actor=alice, member_id=membership_of(alice).pk, role=Role.ADMIN)
        assert membership_of(alice).role == Role.ADMIN

    def test_an_admin_touches_no_owner_and_makes_none(self, alice: Actor, bob: Actor) -> None:
        admin = make_actor(alice.organization, Role.ADMIN)
        with pytest.raises(NotAllowed):
            services.change_role(actor=admin, member_id=membership_of(alice).pk, role=Role.VIEWER)
        with pytest.raises(NotAllowed):
            services.change_role(actor=admin, member_id=membership_of(bob).pk, role=Role.OWNER)
        with pytest.raises(NotAllowed):
            services.change_role(actor=admin, member_id=membership_of(admin).pk, role=Role.OWNER)

    def test_who_lost_their_role_meanwhile_decides_nothing_any_more(self, alice: Actor, bob: Actor) -> None:
        admin = make_actor(alice.organization, Role.ADMIN)
        services.change_role(actor=alice, member_id=membership_of(admin).pk, role=Role.VIEWER)
        with pytest.raises(NotAllowed):
            services.change_role(actor=admin, member_id=membership_of(bob).pk, role=Role.VIEWER)
        services.remove_member(actor=alice, member_id=membership_of(admin).pk)
        with pytest.raises(NotFound):
            services.remove_member(actor=admin, member_id=membership_of(bob).pk)

    def test_the_same_role_again_changes_nothing(self, alice: Actor, bob: Actor) -> None:
        services.change_role(actor=alice, member_id=membership_of(bob).pk, role=Role.DEVELOPER)
        services.change_role(actor=alice, member_id=membership_of(alice).pk, role=Role.OWNER)
        assert not AuditEvent.objects.filter(action="member.role_changed").exists()


class TestRemoveMember:
    def test_an_owner_removes_a_member(self, alice: Actor, bob: Actor) -> None:
        services.remove_member(actor=alice, member_id=membership_of(bob).pk)
        with pytest.raises(NotFound):
            get_actor(user=bob.user, organization_slug=alice.organization.slug)
        assert AuditEvent.objects.get(action="member.removed").target == bob.user.public_id

    def test_everybody_may_leave(self, alice: Actor, bob: Actor) -> None:
        services.remove_member(actor=bob, member_id=membership_of(bob).pk)
        assert AuditEvent.objects.get().action == "member.left"

    def test_the_last_owner_stays(self, alice: Actor, bob: Actor) -> None:
        with pytest.raises(Conflict, match="owner"):
            services.remove_member(actor=alice, member_id=membership_of(alice).pk)
        assert membership_of(alice)

    def test_an_admin_removes_no_owner(self, alice: Actor) -> None:
        admin = make_actor(alice.organization, Role.ADMIN)
        with pytest.raises(NotAllowed):
            services.remove_member(actor=admin, member_id=membership_of(alice).pk)

    def test_a_stranger_is_not_found(self, alice: Actor, bob: Actor, charlie: Actor) -> None:
        with pytest.raises(NotFound):
            services.remove_member(actor=charlie, member_id=membership_of(bob).pk)
        assert membership_of(bob)


class TestPersonalOrganization:
    def test_everybody_has_one_and_owns_it(self) -> None:
        user = UserFactory(email="dana.smith@example.com", name="Dana")
        membership = Membership.objects.get(user=user)
        assert membership.role == Role.OWNER
        assert membership.organization.is_personal
        assert (membership.organization.slug, membership.organization.name) == ("dana-smith", "Dana")

    def test_the_same_name_gets_another_address(self) -> None:
        slugs = {
            get_personal_organization(UserFactory(email=f"dana@{host}.example.com")).slug for host in ("a", "b", "c")
        }
        assert len(slugs) == 3
        assert all(slug.startswith("dana") for slug in slugs)

    @pytest.mark.parametrize("local", ["admin", "a", "+", "x" * 64, "o'neil", "--", "日本"])
    def test_any_address_gives_one(self, local: str) -> None:
        assert get_personal_organization(UserFactory(email=f"{local}@example.com")).slug

    def test_its_person_stays_its_owner_even_beside_others(self) -> None:
        person, friend = UserFactory(), UserFactory()
        organization = get_personal_organization(person)
        owner = get_actor(user=person, organization_slug=organization.slug)
        guest = MembershipFactory(organization=organization, user=friend, role=Role.OWNER)
        for actor in (owner, get_actor(user=friend, organization_slug=organization.slug)):
            with pytest.raises(Conflict, match="personal"):
                services.remove_member(actor=actor, member_id=membership_of(owner).pk)
            with pytest.raises(Conflict, match="personal"):
                services.change_role(actor=actor, member_id=membership_of(owner).pk, role=Role.VIEWER)
        services.remove_member(
            actor=get_actor(user=friend, organization_slug=organization.slug), member_id=guest.pk
        )  # a guest may leave

    def test_it_is_found_also_by_a_guest_of_another_one(self) -> None:
        host = UserFactory(email="aaa@example.com", name="Aaa")
        person = UserFactory(email="zzz@example.com", name="Zzz")
        own = get_personal_organization(person)
        MembershipFactory(organization=get_personal_organization(host), user=person, role=Role.VIEWER)
        MembershipFactory(organization=OrganizationFactory(name="AAAA"), user=person)
        assert get_personal_organization(person) == own

    def test_a_person_without_any_organization(self) -> None:
        user = UserFactory()
        Membership.objects.all().delete()
        with pytest.raises(NotFound):
            get_personal_organization(user)


class TestOrganizations:
    def test_who_makes_one_owns_it(self) -> None:
        user = UserFactory()
        organization = services.create_organization(user=user, name="  Acme   Labs ", slug="Acme-Labs")
        assert (organization.name, organization.slug, organization.is_personal) == ("Acme Labs", "acme-labs", False)
        assert get_actor(user=user, organization_slug="acme-labs").role == Role.OWNER
        assert AuditEvent.objects.get().action == "organization.created"

    def test_an_address_is_taken_once(self) -> None:
        services.create_organization(user=UserFactory(), name="Acme", slug="acme")
        with pytest.raises(Invalid) as refused:
            services.create_organization(user=UserFactory(), name="Acme", slug="ACME")
        assert refused.value.field == "slug"
        assert Membership.objects.filter(organization__slug="acme").count() == 1

    def test_one_person_owns_so_many(self) -> None:
        user = UserFactory()
        for number in range(services.organizations.ORGANIZATIONS_MAX - 1):  # and the personal one
            MembershipFactory(user=user, organization=OrganizationFactory(slug=f"of-user-{number}"))
        with pytest.raises(Conflict, match="20"):
            services.create_organization(user=user, name="One more", slug="one-more")

    @pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b", "a\u202eb", None, 5, "\ud800"])
    def test_a_name_that_cannot_be_read_is_refused(self, alice: Actor, name: Any) -> None:
        with pytest.raises(Invalid) as refused:
            services.rename_organization(actor=alice, name=name)
        assert refused.value.field == "name"
        with pytest.raises(Invalid):
            services.create_organization(user=alice.user, name=name, slug="acme")

    def test_renaming_keeps_the_address(self, alice: Actor) -> None:
        slug = alice.organization.slug
        organization = services.rename_organization(actor=alice, name="New name")
        organization.refresh_from_db()
        assert (organization.name, organization.slug) == ("New name", slug)
        assert "New name" in AuditEvent.objects.get(action="organization.renamed").summary
