"""Which member may see and do what below studio and team. Who is none gets nowhere: see `tests/access`."""

import re

import pytest

from apps.accounts.enums import Role
from apps.accounts.permissions import allows
from tests.portal.studio.pages import READS, WRITES, posted, prepared
from tests.portal.studio.world import World, routes, snapshot

pytestmark = pytest.mark.django_db

ROUTES = routes()
OF_AN_ORGANIZATION = [name for name, parameters in ROUTES if "organization" in parameters]
OF_A_PRODUCT = [name for name, parameters in ROUTES if "slug" in parameters]
OF_AN_OBJECT = [name for name, parameters in ROUTES if set(parameters) - {"organization", "slug"}]


def test_every_page_is_in_the_tables() -> None:
    """A new page is tested here, or this fails."""
    assert set(READS) | set(WRITES) == set(OF_AN_ORGANIZATION)


class TestMethods:
    @pytest.mark.parametrize("name", sorted(set(WRITES) - set(READS)))
    def test_what_acts_is_not_done_by_a_link(self, ours: World, name: str) -> None:
        before = snapshot()
        assert ours.client().get(ours.url(name)).status_code == 405
        assert snapshot() == before


@pytest.mark.parametrize("role", Role.values)
class TestRoles:
    @pytest.mark.parametrize("name", READS)
    def test_a_page_opens_for_those_who_may(self, ours: World, name: str, role: str) -> None:
        response = ours.client(role).get(ours.url(name))
        assert response.status_code == (200 if allows(role, READS[name]) else 403)

    @pytest.mark.parametrize("name", WRITES)
    def test_an_action_is_carried_out_for_those_who_may(self, ours: World, name: str, role: str) -> None:
        url, body = ours.url(name, **prepared(ours, name)), posted(ours, name)
        before = snapshot()
        response = ours.client(role).post(url, body)
        if allows(role, WRITES[name][0]):
            # The two that show a secret do not send on to another page.
            shown = {"studio-secret": 200, "token-create": 201}
            assert response.status_code == shown.get(name, 302), response.content.decode()
            assert (snapshot() == before) == (name == "studio-secret")
        elif name == "member-remove" and role == Role.VIEWER:
            assert response.status_code == 302  # everybody may leave
        else:
            assert response.status_code == 403
            assert snapshot() == before

    def test_no_page_offers_what_the_role_may_not(self, ours: World, role: str) -> None:
        """Neither a link to a form nor a form or dialog that posts."""
        client = ours.client(role)
        refused = {
            ours.url(name)
            for name, action in [*READS.items(), *((name, action) for name, (action, _) in WRITES.items())]
            if not allows(role, action) and name != "member-remove"
        }
        refused -= {ours.url(name) for name, action in READS.items() if allows(role, action)}
        for name, action in READS.items():
            if allows(role, action) and not name.endswith(("-csv", "-pdf")):
                content = client.get(ours.url(name)).content.decode()
                main = content[content.index("<main") :]
                offered = set(re.findall(r'(?:href|action)="([^"#?]*)', main))
                assert not offered & refused, f"{name} offers {offered & refused}"
