"""Reading the body of a REST request: JSON, and nothing that would break what handles it later."""

import json
from typing import Any, NoReturn

from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.parsers import JSONParser

from apps.core.json_values import fault_in

DEEPEST = 100
MOST_VALUES = 1_000_000


class JSONBodyParser(JSONParser):
    """JSON as RFC 8259 has it: UTF-8 whatever the header claims, no NaN, no lone surrogates.

    Refused with 400: everything else, nesting below 100 levels, and text that could be neither stored nor sent
    back. (A body over `DATA_UPLOAD_MAX_MEMORY_SIZE` is refused before it gets here.)
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            value = json.loads(stream.read().decode(), parse_constant=_refuse_constant)
        except RecursionError:
            raise exceptions.ParseError(_("The body is nested too deeply.")) from None
        except ValueError as error:
            raise exceptions.ParseError(_("The body is not JSON: %(reason)s") % {"reason": error}) from None
        if fault := fault_in(value, deepest=DEEPEST, most_values=MOST_VALUES):
            raise exceptions.ParseError(_("The body cannot be taken. %(fault)s") % {"fault": fault})
        return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
