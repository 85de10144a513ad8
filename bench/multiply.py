"""Many rows from one: made by the model, so that every column has its default, and multiplied by the database."""

from typing import Any

from django.db import connection
from django.db.models import Model


def multiply(template: Model, count: int, **expressions: str) -> int:
    """Add `count` copies of a saved row, numbered 1 to `count`; returns what to add to a number to get its id.

    `expressions` are SQL by column name, in which `n` is the number. Every other column is the template's.
    """
    options = type(template)._meta
    base = _largest_id(template) if options.pk.column == "id" else 0
    columns, values = [], []
    for field in options.concrete_fields:
        expression = expressions.pop(field.column, None)
        if expression is None and field.primary_key:
            expression = f"{base} + n"
        columns.append(f'"{field.column}"')
        values.append(expression if expression is not None else f'template."{field.column}"')
    assert not expressions, f"{options.label} has no columns {sorted(expressions)}"
    with connection.cursor() as cursor:
        # Without parameters: a percent sign is an operator here.
        cursor.execute(
            f'INSERT INTO "{options.db_table}" ({", ".join(columns)}) SELECT {", ".join(values)} '
            f'FROM "{options.db_table}" AS template CROSS JOIN generate_series(1, {count}) AS n '
            f'WHERE template."{options.pk.column}" = {int(template.pk)}'
        )
        if options.pk.column == "id":
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [options.db_table, base + count])
    return base


def public_id(prefix: str) -> str:
    """SQL of a public id that is told by `n`."""
    return f"'{prefix}_' || lpad(n::text, 22, '0')"


def instant(days: float, count: int) -> str:
    """SQL of the time of row `n` of `count`, spread evenly over the last `days`."""
    return f"now() - interval '{days} days' * (1 - n::float / {count})"


def _largest_id(template: Model) -> int:
    last: Any = type(template)._default_manager.order_by("-pk").values_list("pk", flat=True).first()
    return int(last)
