"""Renders a piece of template as a page would, with components and our tags."""

import re
from typing import Any

from django.template import Context, Template
from django_cotton.compiler_regex import CottonCompiler


def render(source: str, **context: Any) -> str:
    """The HTML of `source`, whitespace between tags reduced, so that a test can name what it expects."""
    compiled = CottonCompiler().process("{% load portal %}" + source)
    html = Template(compiled).render(Context(context))
    return re.sub(r"[ \n\t]+", " ", html).strip()
