"""The mailbox and the style guide exist for those who build the portal, and nowhere else."""

from pathlib import Path

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.test import Client
from django.urls import reverse

from apps.portal.dev.mailbox import list_mails

pytestmark = pytest.mark.django_db

PAGES = ["portal:mailbox", "portal:style-guide"]


@pytest.fixture
def folder(tmp_path: Path, settings) -> Path:
    settings.EMAIL_FILE_PATH = tmp_path / "mailbox"
    return tmp_path / "mailbox"


def send(folder: Path, *messages: EmailMessage) -> None:
    connection = get_connection("django.core.mail.backends.filebased.EmailBackend", file_path=str(folder))
    connection.send_messages(messages)


def message(subject: str, text: str = "Hello.", date: str = "Sun, 22 Nov 2026 12:00:00 +0000") -> EmailMessage:
    return EmailMessage(subject, text, "api@example.com", ["alice@example.com"], headers={"Date": date})


class TestMailbox:
    def test_is_empty_before_anything_was_sent(self, client: Client, folder: Path) -> None:
        assert "No messages yet" in client.get(reverse("portal:mailbox")).content.decode()

    def test_lists_the_newest_first(self, folder: Path) -> None:
        send(folder, message("second", date="Sun, 22 Nov 2026 12:00:01 +0000"), message("first"))
        send(folder, message("third", date="Sun, 22 Nov 2026 15:00:00 +0200"))
        assert [mail.subject for mail in list_mails(folder)] == ["third", "second", "first"]

    def test_shows_a_message_with_its_links_and_without_its_markup(self, client: Client, folder: Path) -> None:
        send(folder, message("Grüße", "Open http://127.0.0.1/x/?a=1&b=2 now\n<script>alert(1)</script>"))
        (mail,) = list_mails(folder)
        page = client.get(reverse("portal:mail", args=[mail.id])).content.decode()
        assert '<a href="http://127.0.0.1/x/?a=1&amp;b=2"' in page
        assert "<script>alert" not in page
        assert "Grüße" in page

    def test_prefers_the_text_of_a_message_with_two_bodies(self, folder: Path) -> None:
        both = EmailMultiAlternatives("both", "plain text", "api@example.com", ["alice@example.com"])
        both.attach_alternative("<p>markup</p>", "text/html")
        send(folder, both)
        assert list_mails(folder)[0].body.strip() == "plain text"

    def test_a_line_of_dashes_inside_a_message_does_not_hide_the_next(self, folder: Path) -> None:
        send(folder, message("a", "one\n---\ntwo"), message("b"))
        assert len(list_mails(folder)) == 2

    @pytest.mark.parametrize("mail_id", ["nothing", "..%2F..%2Fsecret_key", "20261122-0"])
    def test_only_what_is_in_the_folder_can_be_opened(self, client: Client, folder: Path, mail_id: str) -> None:
        assert client.get(f"/dev/mailbox/{mail_id}/").status_code == 404


class TestSwitch:
    @pytest.mark.parametrize("name", PAGES)
    def test_on_shows_them(self, client: Client, folder: Path, name: str) -> None:
        assert client.get(reverse(name)).status_code == 200

    @pytest.mark.parametrize("name", PAGES)
    def test_off_hides_them(self, client: Client, folder: Path, settings, name: str) -> None:
        settings.DEVELOPMENT_MAILBOX = False
        assert client.get(reverse(name)).status_code == 404

    def test_off_hides_each_message(self, client: Client, folder: Path, settings) -> None:
        send(folder, message("secret link"))
        (mail,) = list_mails(folder)
        url = reverse("portal:mail", args=[mail.id])
        assert client.get(url).status_code == 200
        settings.DEVELOPMENT_MAILBOX = False
        assert client.get(url).status_code == 404

    def test_off_shows_no_way_there(self, client: Client, settings, db) -> None:
        assert reverse("portal:mailbox") in client.get("/").content.decode()
        settings.DEVELOPMENT_MAILBOX = False
        assert reverse("portal:mailbox") not in client.get("/").content.decode()


def test_production_has_the_switch_off() -> None:
    """Read from the source: importing the settings of production would need its environment."""
    source = Path("config/settings/production.py").read_text() + Path("config/settings/base.py").read_text()
    assert "DEVELOPMENT_MAILBOX = False" in source
    assert "DEVELOPMENT_MAILBOX = True" not in source
