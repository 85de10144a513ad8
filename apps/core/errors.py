"""The errors of the domain: one small class for each thing that can go wrong."""

from typing import Any

from django.utils.translation import gettext, gettext_noop


class DomainError(Exception):
    """A request that the domain refuses. `code` is stable and snake_case, `status` an HTTP status.

    The message is for the person who made the request: what happened, why, what to do. The message of the
    class, marked with `gettext_noop`, stands where none is given.
    """

    code = "invalid_request"
    status = 400
    message = gettext_noop("The request could not be carried out.")

    def __init__(self, message: str = "", *, field: str | None = None, **details: Any) -> None:
        self.message = message or gettext(self.message)
        self.field = field  # the field of the form or body that it belongs to, if one
        self.details = details | ({"field": field} if field else {})
        super().__init__(self.message)


class NotFound(DomainError):
    """Also for what exists and the caller may not see: the two are not to be told apart."""

    code = "not_found"
    status = 404
    message = gettext_noop("There is nothing here that you may see.")


class NotAllowed(DomainError):
    """The caller may see the object, but their role does not carry this action."""

    code = "not_allowed"
    status = 403
    message = gettext_noop("Your role in this organization does not allow this. Ask an owner or admin of it.")


class Conflict(DomainError):
    code = "conflict"
    status = 409
    message = gettext_noop("This has changed meanwhile. Load the page again and see how it is now.")


class Invalid(DomainError):
    """Input that is well formed and wrong."""

    code = "invalid"
    status = 422
