"""Tables (CSV, TSV) without their secrets: the columns whose head names one."""

import csv
import io
from collections.abc import Callable

from apps.gateway.engine.observation.secret_names import REDACTED, is_holding, is_naming, is_secret

_DELIMITERS = ",;\t|"
_NAME_WORDS_MAX = 3


def redacted_table(text: str, inner: Callable[[str], str]) -> str:
    """`inner` takes the secrets out of a cell. A line that has a secret's name in it is the head of what follows."""
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
    naming = {column for column, name in enumerate(head) if is_naming(name)}
    holding = {column for column, name in enumerate(head) if is_holding(name)}
    hidden: set[int] = set()
    columns = 0  # of those with a secret in them
    for row in rows:
        said = {column for column, cell in enumerate(row) if _is_secret_name(cell)}
        gone = hidden | holding if said & naming else hidden
        if len(row) == 2 and said == {0}:  # a name and its value; or a head
            gone = gone | {1}
        if new := said - naming - hidden:
            columns = len(row)
        elif hidden and len(row) != columns:  # which cell is in which column is not sure
            gone = set(range(len(row)))
        writer.writerow([REDACTED if column in gone else inner(cell) for column, cell in enumerate(row)])
        hidden |= new
    return kept.getvalue()


def _is_secret_name(cell: str) -> bool:
    return len(cell.split()) <= _NAME_WORDS_MAX and is_secret(cell)
