"""Forms whose answer shows a secret: it cannot stand behind a redirect, so a reload sends the form again.

Each such form has an id (`{% form_id %}`), and one id makes one thing.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from django.core.signing import BadSignature, TimestampSigner
from django.utils.translation import gettext as _

from apps.core.errors import Conflict
from apps.core.rest.idempotency import KEPT, IdempotentCall, Outcome, fingerprint_of, run_in_one_transaction
from apps.portal.access import PortalRequest

FORM_ID = "form_id"
_SIGNER = TimestampSigner(salt="apps.portal.once")


class _Named(Protocol):
    name: str


Made = TypeVar("Made", bound=_Named)


@dataclass(frozen=True, slots=True)
class Sent(Generic[Made]):
    """The name of what a form made; and that itself with its secret, unless the form came before."""

    name: str
    made: tuple[Made, str] | None


def new_form_id() -> str:
    """Signed with its time, because what was sent is remembered for a day only."""
    return _SIGNER.sign(secrets.token_urlsafe(16))


def send_once(request: PortalRequest, work: Callable[[], tuple[Made, str]]) -> Sent[Made]:
    """Do the work of a form, unless a form with the same id has done it; what the work raises undoes it.

    A request without an id is a form of its own. Raises `Conflict` for an id that is not ours or older than a day.
    """
    form_id = request.POST.get(FORM_ID) or new_form_id()
    try:
        _SIGNER.unsign(form_id, max_age=KEPT)
    except BadSignature as error:
        raise Conflict(_("This form is more than a day old. Send it again.")) from error
    call = IdempotentCall(
        caller=f"{request.user.public_id}/{request.actor.organization.public_id}",
        key=f"form:{form_id}",
        fingerprint=fingerprint_of("POST", request.path, b""),
    )
    outcome = run_in_one_transaction(call, lambda: Outcome(201, work()), keep=lambda made: made[0].name)
    if outcome.replayed:
        return Sent(name=outcome.content, made=None)
    return Sent(name=outcome.content[0].name, made=outcome.content)
