"""The bell and the notices page."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.notifications.models import Notice
from apps.notifications.services import notify
from tests.factories.accounts import MembershipFactory
from tests.portal.support import HOSTILE_SEGMENTS, links_of, text_of, words

pytestmark = pytest.mark.django_db

PAGE = "/notices/"


def test_a_notice_is_seen_opened_and_read(client: Client) -> None:
    membership = MembershipFactory(organization__name="Acme")
    stranger = MembershipFactory().user
    target = reverse("portal:product-list")
    for title, url in (("Weather <b>ends</b>", target), ("Second", ""), ("Third", "")):
        notify(organization=membership.organization, kind="x.done", title=title, body="Use\nClimate.", url=url)
    first, second, _third = Notice.objects.order_by("pk")
    assert client.get(PAGE).status_code == 302, "for members only"

    client.force_login(stranger)
    assert "No notices yet" in words(client, PAGE)
    for name in ("notice", "notice-read"):
        url = reverse(f"portal:{name}", args=[first.public_id])
        assert (client.get(url) if name == "notice" else client.post(url)).status_code == 404

    client.force_login(membership.user)
    response = client.get(PAGE)
    text = text_of(response)
    assert "3 are new to you" in text
    assert "Weather <b>ends</b>" in text
    assert "Acme" in text
    assert f"/notices/{first.public_id}/" in links_of(response)
    assert "Notices: 3 unread" in words(client, target), "the bell is on every page"

    assert client.get(f"/notices/{first.public_id}/").headers["Location"] == target
    assert client.post(f"/notices/{second.public_id}/read/").headers["Location"] == PAGE
    assert "One is new to you" in words(client, PAGE)
    assert client.get("/notices/read/").status_code == 405
    assert client.post("/notices/read/").headers["Location"] == PAGE
    assert "You have read all of them" in words(client, PAGE)


def test_no_address_makes_an_error(client: Client) -> None:
    client.force_login(MembershipFactory().user)
    for segment in HOSTILE_SEGMENTS:
        assert client.get(f"{PAGE}{segment}/").status_code in (404, 405), segment
        assert client.get(PAGE, {"before": segment}).status_code in (200, 404), segment
