"""What the forms of all pages share."""

from collections.abc import Callable
from typing import TypeVar

from django import forms

from apps.core.errors import DomainError, NotFound

Result = TypeVar("Result")


def carried_out(form: forms.BaseForm, service: Callable[[], Result]) -> Result | None:
    """Call the service; where the domain refuses, put the reason on the form and return None.

    The reason stands at the field it belongs to, or above the form, with the code of the error.
    """
    try:
        return service()
    except NotFound:
        raise
    except DomainError as error:
        field = error.field if error.field in form.fields else None
        form.add_error(field, forms.ValidationError(str(error.message), code=error.code))
        return None
