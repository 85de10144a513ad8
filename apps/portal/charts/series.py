from collections.abc import Sequence

from django.utils.translation import gettext as _

from apps.portal.charts.model import Series

MAX_SERIES = 5


def limit_series(series: Sequence[Series]) -> list[Series]:
    """At most five counts: where there are more, the smallest are summed as "Other". Tones go by size."""
    ordered = sorted(series, key=lambda one: -sum(value or 0 for value in one.values))
    if len(ordered) > MAX_SERIES:
        columns = zip(*(one.values for one in ordered[MAX_SERIES - 1 :]), strict=True)
        ordered[MAX_SERIES - 1 :] = [Series(_("Other"), [sum(value or 0 for value in column) for column in columns])]
    return [Series(one.name, one.values, str(index)) for index, one in enumerate(ordered, start=1)]
