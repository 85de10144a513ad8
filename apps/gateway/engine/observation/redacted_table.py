"""Tables (CSV, TSV) without their secrets: the columns whose head names one."""

import csv
import io
from collections.abc import Callable

from apps.gateway.engine.observation.secret_names import REDACTED, is_holding, is_naming, is_secret

_DELIMITERS = ",;\t|"


def redacted_table(text: str, inner: Callable[[str], str]) -> str:
    """`inner` takes the secrets out of a cell. The first line that has cells is the head."""
    head_line = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=head_line.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    except csv.Error:
        return REDACTED
    if not rows:
        return ""
    kept = io.StringIO()
    writer = csv.writer(kept, delimiter=delimiter, lineterminator="\n")
    head = [name.strip() for name in rows[0]]
    hidden = {column for column, name in enumerate(head) if is_secret(name)}
    naming = [column for column, name in enumerate(head) if is_naming(name)]
    holding = {column for column, name in enumerate(head) if is_holding(name)}
    writer.writerow([inner(name) for name in rows[0]])
    for row in rows[1:]:
        if hidden and len(row) != len(head):  # which cell is in which column is not sure
            writer.writerow([REDACTED])
            continue
        is_named = any(column < len(row) and is_secret(row[column]) for column in naming)
        gone = hidden | holding if is_named else hidden
        writer.writerow([REDACTED if column in gone else inner(cell) for column, cell in enumerate(row)])
    return kept.getvalue()
