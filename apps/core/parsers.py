"""Reading the body of a REST request: JSON, and nothing that would break what handles it later."""

import json
from typing import Any, NoReturn

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.parsers import JSONParser

from apps.core.json_values import fault_in

DEEPEST = 100


class BodyTooLarge(exceptions.APIException):
    status_code = 413
    default_code = "body_too_large"


class JSONBodyParser(JSONParser):
    """JSON as RFC 8259 has it: UTF-8 whatever the header claims, no NaN, no lone surrogates.

    Refused with 413: a body over `DATA_UPLOAD_MAX_MEMORY_SIZE`, before it is read. With 400: everything that
    is not JSON, nested deeper than 100 levels, or holds text that could be neither stored nor sent back.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        largest = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if int(stream.META.get("CONTENT_LENGTH") or 0) > largest:
            raise BodyTooLarge(_("The body is larger than %(largest)s bytes.") % {"largest": f"{largest:,}"})
        try:
            value = json.loads(stream.read(), parse_constant=_refuse_constant)
        except RecursionError:
            raise exceptions.ParseError(_("The body is nested too deeply.")) from None
        except ValueError as error:
            raise exceptions.ParseError(_("The body is not JSON: %(reason)s") % {"reason": error}) from None
        if fault := fault_in(value, deepest=DEEPEST, most_values=largest):
            raise exceptions.ParseError(_("The body cannot be taken. %(fault)s") % {"fault": fault})
        return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
