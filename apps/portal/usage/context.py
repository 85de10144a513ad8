"""What pages of usage have in common, for the templates in `usage/`."""

import datetime as dt
from typing import Any

from apps.portal.requests.explanations import explain_refusal
from apps.portal.usage.charts import points_of, usage_charts
from apps.portal.usage.ranges import DateRange
from apps.usage import selectors
from apps.usage.selectors import Scope


def usage_context(
    scope: Scope, span: DateRange, now: dt.datetime, *, endpoints_shown: int, csv_url: str = ""
) -> dict[str, Any]:
    """Totals, charts, the most called endpoints, and refused calls by reason: each with its title, code and number."""
    total = selectors.get_usage(scope, span.start, span.end)
    endpoints = selectors.usage_by_endpoint(scope, span.start, span.end)
    refusals = selectors.rejections_by_code(scope, span.start, span.end)
    return {
        "span": span,
        "total": total,
        "charts": usage_charts(points_of(scope, span), total, span, now, csv_url=csv_url),
        "endpoints": endpoints[:endpoints_shown],
        "more_endpoints": max(0, len(endpoints) - endpoints_shown),
        "refusals": [(explain_refusal(code).title, code, calls) for code, calls in refusals],
        "refused": sum(calls for _code, calls in refusals),
    }
