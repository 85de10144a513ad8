"""What the REST API itself refuses, before anything of the domain is asked."""

from django.utils.translation import gettext_noop
from rest_framework import exceptions

from apps.core.errors import DomainError


class CursorInvalid(DomainError):
    code = "cursor_invalid"
    message = gettext_noop("This cursor is none that this list has given. Begin without one.")


class IdempotencyKeyInvalid(DomainError):
    code = "idempotency_key_invalid"
    message = gettext_noop("An Idempotency-Key has 1 to 255 visible ASCII characters.")


class IdempotencyKeyReused(DomainError):
    code = "idempotency_key_reused"
    status = 422
    message = gettext_noop("This Idempotency-Key was used for another request. Use a new one for each.")


class IdempotentRequestUnfinished(DomainError):
    code = "idempotent_request_unfinished"
    status = 409
    message = gettext_noop(
        "A request with this Idempotency-Key is still running, or ended without an answer. Try again in a moment;"
        " if it stays so, look at what it was to do before you use another key."
    )


class OrganizationMissing(DomainError):
    code = "organization_missing"
    message = gettext_noop("Say for which organization you act: send its address or id in the header X-Organization.")


class ScopeMissing(DomainError):
    code = "scope_missing"
    status = 403
    message = gettext_noop("This access token does not have the scope that this needs. Make one that has it.")


class TokenRefused(exceptions.AuthenticationFailed):
    """401: a token that is not known, over, or of somebody who may not use it any more; `default_code` says which."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code)
