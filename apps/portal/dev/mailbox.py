"""The mail that this installation sent, as the file-based e-mail backend keeps it (development only)."""

import email
import email.policy
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

# What the backend writes after each message of a file.
SEPARATOR = b"\n" + b"-" * 79 + b"\n"


@dataclass(frozen=True)
class Mail:
    id: str
    sender: str
    recipient: str
    subject: str
    sent_at: datetime
    body: str


def list_mails(folder: Path) -> list[Mail]:
    """All mails, newest first. A folder that does not exist yet is an empty mailbox."""
    mails = [mail for path in folder.glob("*.log") for mail in _read(path)]
    return sorted(mails, key=lambda mail: (mail.sent_at, mail.id), reverse=True)


def find_mail(folder: Path, mail_id: str) -> Mail | None:
    return next((mail for mail in list_mails(folder) if mail.id == mail_id), None)


def _read(path: Path) -> list[Mail]:
    messages = [part for part in path.read_bytes().split(SEPARATOR) if part.strip()]
    return [_mail(f"{path.stem}-{index}", content) for index, content in enumerate(messages)]


def _mail(mail_id: str, content: bytes) -> Mail:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(preferencelist=("plain", "html"))
    return Mail(
        id=mail_id,
        sender=str(message["From"] or ""),
        recipient=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        sent_at=parsedate_to_datetime(str(message["Date"])).astimezone(UTC),
        body=body.get_content() if body else "",
    )
