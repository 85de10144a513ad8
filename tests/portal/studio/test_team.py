"""An organization and its people: members, invitations, the audit log, settings."""

import datetime as dt
import re

import pytest
from django.core import mail
from django.test import Client

from apps.accounts.enums import Role
from apps.accounts.models import AccessToken, AuditEvent, Invitation, Membership, Organization, User
from apps.accounts.permissions import Action, allows
from apps.core import clock
from tests.factories.accounts import MembershipFactory, OrganizationFactory, UserFactory
from tests.portal.studio.world import World
from tests.portal.support import count_queries, links_of, text_of

pytestmark = pytest.mark.django_db


def membership(ours: World, role: str) -> Membership:
    return ours.organization.memberships.get(user=ours.members[role])


class TestMembers:
    def test_shows_who_may_do_what(self, ours: World, client: Client) -> None:
        text = text_of(client.get(ours.url("members")))
        assert "4 people act for" in text
        for role, user in ours.members.items():
            assert f"{user.email} {Role(role).label}" in text
        assert "invited@example.com Viewer" in text

    def test_takes_as_many_queries_for_many_as_for_few(self, ours: World, client: Client) -> None:
        def add(count: int) -> None:
            MembershipFactory.create_batch(count, organization=ours.organization, role=Role.VIEWER)
            for number in range(count):
                Invitation.objects.create(
                    organization=ours.organization, email=f"{count}-{number}@x.org", role="viewer"
                )

        add(10)
        few = count_queries(client, ours.url("members"))
        add(180)
        assert count_queries(client, ours.url("members")) == few


class TestInvitations:
    def test_who_has_no_account_is_written_to(
        self, ours: World, client: Client, django_capture_on_commit_callbacks: object
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            client.post(ours.url("members"), {"email": "New@Example.com", "role": "developer"})
        invitation = Invitation.objects.get(email="new@example.com")
        assert (invitation.organization, invitation.role) == (ours.organization, "developer")
        assert mail.outbox[0].to == ["new@example.com"]

    def test_who_has_one_is_a_member_at_once(self, ours: World, client: Client) -> None:
        user = UserFactory()
        user.emailaddress_set.update_or_create(email=user.email, defaults={"verified": True, "primary": True})
        client.post(ours.url("members"), {"email": user.email, "role": "viewer"})
        assert ours.organization.memberships.get(user=user).role == "viewer"

    @pytest.mark.parametrize("email", ["", "nobody", "a@b", "x" * 300 + "@example.com", "a\x00@example.com"])
    def test_what_is_no_address_is_refused_at_its_field(self, ours: World, client: Client, email: str) -> None:
        response = client.post(ours.url("members"), {"email": email, "role": "viewer"})
        assert response.status_code == 422
        assert response.context["form"].errors["email"]
        assert Invitation.objects.count() == 1

    def test_a_member_is_not_invited_again(self, ours: World, client: Client) -> None:
        response = client.post(ours.url("members"), {"email": ours.members["viewer"].email, "role": "viewer"})
        assert "This person is a member already." in text_of(response)

    def test_an_admin_makes_no_owner(self, ours: World) -> None:
        admin = ours.client(Role.ADMIN)
        assert "owner" not in {
            value for value, _ in admin.get(ours.url("members")).context["form"]["role"].field.choices
        }
        assert admin.post(ours.url("members"), {"email": "a@example.com", "role": "owner"}).status_code == 422

    def test_is_withdrawn(self, ours: World, client: Client) -> None:
        client.post(ours.url("invitation-withdraw"))
        assert not Invitation.objects.exists()


class TestMember:
    def test_role_is_changed(self, ours: World, client: Client) -> None:
        client.post(ours.url("member-role"), {"role": "admin"})
        assert membership(ours, Role.DEVELOPER).role == "admin"

    @pytest.mark.parametrize("role", Role.values)
    @pytest.mark.parametrize("target", Role.values)
    def test_offers_what_the_service_carries_out(self, ours: World, role: str, target: str) -> None:
        """The page and the service agree on every pair of roles: neither promises nor hides anything."""
        client, member = ours.client(role), membership(ours, target)
        page = client.get(ours.url("member", member_id=member.pk)).content.decode()
        change = ours.url("member-role", member_id=member.pk)
        remove = ours.url("member-remove", member_id=member.pk)
        other = Role.VIEWER if target != Role.VIEWER else Role.DEVELOPER
        client.post(change, {"role": other})
        changed = membership(ours, target).role == other
        Membership.objects.filter(pk=member.pk).update(role=target)
        assert (f'action="{change}"' in page) == changed
        client.post(remove)
        assert (f'action="{remove}"' in page) == (not Membership.objects.filter(pk=member.pk).exists())

    def test_the_last_owner_is_told_what_to_do_first(self, ours: World, client: Client) -> None:
        text = text_of(client.get(ours.url("member", member_id=membership(ours, Role.OWNER).pk)))
        assert "Make somebody else owner first." in text

    def test_who_leaves_goes_home(self, ours: World) -> None:
        viewer = ours.client(Role.VIEWER)
        member = membership(ours, Role.VIEWER)
        assert "Leave organization" in text_of(viewer.get(ours.url("member", member_id=member.pk)))
        response = viewer.post(ours.url("member-remove", member_id=member.pk))
        assert response.headers["Location"] == "/"
        assert viewer.get(ours.url("members")).status_code == 404

    def test_nobody_leaves_their_personal_organization(self, client: Client) -> None:
        user = UserFactory()
        personal = Organization.objects.get(is_personal=True, memberships__user=user)
        client.force_login(user)
        member = personal.memberships.get()
        page = client.get(f"/o/{personal.slug}/members/{member.pk}/")
        assert "stays its owner" in text_of(page)
        assert "/remove/" not in page.content.decode()


class TestAudit:
    def add(self, ours: World, count: int) -> None:
        now = clock.now()
        AuditEvent.objects.bulk_create(
            AuditEvent(
                organization=ours.organization, actor=ours.owner, action="key.created", target=f"key_{number}",
                summary=f"Event {number}.", occurred_at=now - dt.timedelta(minutes=number // 3),
            )
            for number in range(count)
        )  # fmt: skip

    def test_shows_who_did_what(self, ours: World, client: Client) -> None:
        client.post(ours.url("studio-unpublish"))
        text = text_of(client.get(ours.url("audit")))
        assert "The last change was just now." in text
        assert f"{ours.owner.display_name} Unpublished the product {ours.product.name}" in text
        assert f"product.unpublished {ours.product.public_id}" in text

    def test_pages_there_and_back_without_gap_or_repetition(self, ours: World, client: Client) -> None:
        self.add(ours, 170)  # three at each instant
        url, seen, pages = ours.url("audit"), [], []
        query: dict[str, str] = {}
        while True:
            page = client.get(url, query).context["page"]
            pages.append(page)
            seen += [event.pk for event in page.rows]
            if not page.older:
                break
            query = {"before": page.older}
        assert len(seen) == len(set(seen)) == 170
        expected = AuditEvent.objects.filter(organization=ours.organization).order_by("-occurred_at", "-id")
        assert seen == list(expected.values_list("pk", flat=True))
        for later, earlier in zip(pages[-1:0:-1], pages[-2::-1], strict=True):
            back = client.get(url, {"after": later.newer}).context["page"]
            assert [event.pk for event in back.rows] == [event.pk for event in earlier.rows]
        assert not pages[0].newer
        assert not client.get(url, {"after": pages[1].newer}).context["page"].newer

    def test_takes_as_many_queries_for_many_as_for_few(self, ours: World, client: Client) -> None:
        self.add(ours, 10)
        few = count_queries(client, ours.url("audit"))
        self.add(ours, 200)
        assert count_queries(client, ours.url("audit")) == few

    def test_an_empty_one_says_what_comes(self, ours: World, client: Client) -> None:
        AuditEvent.objects.all().delete()
        assert "Nothing has changed yet" in text_of(client.get(ours.url("audit")))


class TestTokens:
    def test_a_reload_makes_no_second_token(self, ours: World, client: Client) -> None:
        found = re.search(r'name="form_id" value="([^"]+)"', client.get(ours.url("tokens")).content.decode())
        assert found is not None
        form = {"name": "deployment", "scopes": ["keys:read"], "form_id": found[1]}
        before = AccessToken.objects.count()
        first = client.post(ours.url("token-create"), form)
        assert first.status_code == 201
        assert "Your token “deployment”" in text_of(first)
        again = client.post(ours.url("token-create"), form, follow=True)
        assert again.redirect_chain == [(ours.url("tokens"), 302)]
        assert "The token “deployment” was made already" in text_of(again)
        assert AccessToken.objects.count() == before + 1


class TestSettings:
    def test_shows_what_stays(self, ours: World, client: Client) -> None:
        text = text_of(client.get(ours.url("settings")))
        assert ours.organization.slug in text
        assert ours.organization.public_id in text

    def test_an_owner_renames_it(self, ours: World, client: Client) -> None:
        assert client.post(ours.url("settings"), {"name": "Renamed"}).status_code == 302
        ours.organization.refresh_from_db()
        assert ours.organization.name == "Renamed"

    @pytest.mark.parametrize("name", ["", "x" * 101, "a\x00b", "\u202e"])
    def test_a_name_that_is_none(self, ours: World, client: Client, name: str) -> None:
        assert client.post(ours.url("settings"), {"name": name}).status_code == 422


class TestNewOrganization:
    def test_belongs_to_who_makes_it(self, client: Client) -> None:
        user: User = UserFactory()
        client.force_login(user)
        OrganizationFactory(slug="acme")
        response = client.post("/organizations/new/", {"name": "Acme"})
        organization = Organization.objects.get(slug="acme-2")
        assert response.headers["Location"] == f"/o/{organization.slug}/members/"
        assert organization.memberships.get().role == Role.OWNER

    def test_says_that_a_chosen_address_is_taken(self, client: Client) -> None:
        client.force_login(UserFactory())
        OrganizationFactory(slug="acme")
        response = client.post("/organizations/new/", {"name": "Acme", "slug": "acme"})
        assert response.status_code == 422
        assert "This address is taken." in text_of(response)

    def test_asks_to_sign_in(self) -> None:
        assert Client().get("/organizations/new/").status_code == 302


@pytest.mark.parametrize("role", Role.values)
def test_the_side_shows_the_audit_log_to_those_who_may_open_it(ours: World, role: str) -> None:
    links = links_of(ours.client(role).get(ours.url("members")))
    assert (ours.url("audit") in links) == allows(role, Action.AUDIT_VIEW)
