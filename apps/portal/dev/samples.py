"""What the style guide shows: made-up but plausible data, the same at every load."""

import datetime as dt
import math
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.portal import charts, formats

NOW = dt.datetime(2026, 11, 22, 14, 20, tzinfo=dt.UTC)
SECTIONS = (
    ("colour", _("Colour and type")),
    ("buttons", _("Buttons")),
    ("forms", _("Forms")),
    ("badges", _("Badges")),
    ("numbers", _("Numbers, money, time")),
    ("quotas", _("Quotas")),
    ("charts", _("Charts")),
    ("tables", _("Tables and filters")),
    ("code", _("Code and keys")),
    ("dialogs", _("Dialogs and menus")),
    ("feedback", _("Feedback")),
    ("timeline", _("Timeline")),
    ("stepper", _("Stepper")),
)


class SampleForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("What consumers see in the marketplace."))
    slug = forms.SlugField(label=_("Address"), help_text=_("Lower-case letters, figures and hyphens."))
    calls = forms.IntegerField(label=_("Included calls"), min_value=0)
    period = forms.ChoiceField(label=_("Period"), choices=[("day", _("a day")), ("month", _("a month"))])
    description = forms.CharField(label=_("Description"), widget=forms.Textarea, required=False)
    rapidapi = forms.BooleanField(
        label=_("Accept RapidAPI headers"), required=False, help_text=_("For consumers who move over without changes.")
    )


def guide_context() -> dict[str, Any]:
    return {
        "sections": SECTIONS,
        "panes": [
            {"theme": theme, "form": _form(theme), "failed_form": _failed_form(theme)} for theme in ("light", "dark")
        ],
        "now": NOW,
        "earlier": NOW - dt.timedelta(hours=3),
        "yesterday": NOW - dt.timedelta(days=1),
        "month_start": dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
        "month_end": dt.datetime(2026, 12, 1, tzinfo=dt.UTC),
        "bars": _calls_by_day(),
        "lines": _latency_by_hour(),
        "volume": _volume(),
        "empty_chart": _empty_chart(),
        "spark": [round(40 + 30 * math.sin(day / 2.2) + day * 2) for day in range(24)],
        "steps": range(1, 13),
        "scales": ("neutral", "accent"),
        "states": ("red", "amber", "green", "blue", "violet"),
        "samples": CODE_SAMPLES,
        "reply": REPLY,
        "problem": PROBLEM,
        "chips": [
            {"name": gettext("Status"), "value": "429", "remove_url": "?key=production"},
            {"name": gettext("Key"), "value": "production", "remove_url": "?status=429"},
        ],
        "methods": ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"),
        "requests": REQUESTS,
        "page": Paginator(range(120), 25).page(2),
        "plan": {"is_free": False, "price_amount": 2900, "currency": "USD"},
        "free_plan": {"is_free": True},
    }


def _form(theme: str) -> SampleForm:
    return SampleForm(initial={"name": "Weather", "calls": 10_000, "period": "month"}, auto_id=f"{theme}_%s")


def _failed_form(theme: str) -> SampleForm:
    data = {"name": "", "slug": "my weather", "calls": "-1", "period": "month"}
    form = SampleForm(data, auto_id=f"{theme}_failed_%s")
    form.add_error(None, gettext("The plan was not saved: another member changed it just now. Load the page again."))
    return form


def _calls_by_day() -> charts.Chart:
    days = charts.day_buckets(dt.date(2026, 10, 24), 30, NOW.date())
    well = [round(5200 + 1800 * math.sin(day / 1.1) + day * 90) for day in range(29)] + [3150]
    return charts.bar_chart(
        gettext("Calls"),
        days,
        [
            charts.Series(gettext("Successful"), well, "1"),
            charts.Series(gettext("Caller errors"), [round(value * 0.06) for value in well], "amber"),
            charts.Series(gettext("Backend errors"), [620 if day == 17 else 40 for day in range(30)], "red"),
        ],
        summary=gettext("198 412 calls in 30 days, 6.8 % with an error."),
    )


def _latency_by_hour() -> charts.Chart:
    hours = charts.hour_buckets(NOW.replace(minute=0) - dt.timedelta(hours=23), 24, NOW)
    base = [42 + 9 * math.sin(hour / 3) for hour in range(24)]
    gap, timeout = (9, 10), 16
    slowest = [None if h in gap else 15_000 if h == timeout else round(base[h] * 4.1 + (h % 5) * 9) for h in range(24)]
    return charts.line_chart(
        gettext("Latency of the backend"),
        hours,
        [
            charts.Series("p99", slowest, "4"),
            charts.Series("p95", [None if h in gap else round(base[h] * 2.2) for h in range(24)], "2"),
            charts.Series("p50", [None if h in gap else round(base[h]) for h in range(24)], "1"),
        ],
        summary=gettext("Half of the calls took 44 ms or less; one in a hundred more than 186 ms."),
        write=formats.milliseconds,
    )


def _volume() -> charts.Chart:
    hours = charts.hour_buckets(NOW.replace(minute=0) - dt.timedelta(hours=23), 24, NOW)
    values = [round(310 + 180 * math.sin((hour - 6) / 4)) for hour in range(24)]
    series = [charts.Series(gettext("Calls"), values)]
    return charts.line_chart(
        gettext("Calls by hour"), hours, series, summary=gettext("Most at 3 in the morning, UTC."), whole=True
    )


def _empty_chart() -> charts.Chart:
    days = charts.day_buckets(dt.date(2026, 11, 16), 7, NOW.date())
    series = [charts.Series(gettext("Calls"), [0] * 7)]
    return charts.bar_chart(gettext("Calls"), days, series, summary=gettext("No calls in 7 days."))


CODE_SAMPLES = [
    {
        "language": "shell",
        "label": "cURL",
        "code": (
            'curl "https://gateway.example.com/weather/v1/forecast?city=Oslo" \\\n  -H "Authorization: Bearer $API_KEY"'
        ),
    },
    {
        "language": "python",
        "label": "Python",
        "code": (
            "import os\nimport requests\n\nreply = requests.get(\n"
            '    "https://gateway.example.com/weather/v1/forecast",\n    params={"city": "Oslo"},\n'
            '    headers={"Authorization": f"Bearer {os.environ[\'API_KEY\']}"},\n    timeout=10,\n)\n'
            "reply.raise_for_status()\nprint(reply.json())"
        ),
    },
    {
        "language": "javascript",
        "label": "JavaScript",
        "code": (
            'const url = new URL("https://gateway.example.com/weather/v1/forecast");\n'
            'url.searchParams.set("city", "Oslo");\n\nconst reply = await fetch(url, {\n'
            "  headers: { Authorization: `Bearer ${process.env.API_KEY}` },\n});\nconsole.log(await reply.json());"
        ),
    },
]

REPLY = """\
HTTP/1.1 200 OK
Content-Type: application/json
RateLimit: "monthly";r=9999;t=811200
X-Request-Id: req_0193526c8a7b7c3e9d41"""

PROBLEM = {
    "type": "about:blank",
    "title": "Quota used up",
    "status": 429,
    "code": "quota_exceeded",
    "detail": "The monthly quota of 10,000 units is used up. It is full again on 1 December 2026, 00:00 UTC.",
    "request_id": "req_0193526c8a7b7c3e9d41",
    "violated-policies": ["monthly"],
    "retry": {"after": 811_200, "upgrade": None, "resets": True},
}

REQUESTS = [
    {"at": NOW - dt.timedelta(seconds=age), "method": method, "path": path, "status": status, "us": us, "bytes": size}
    for age, method, path, status, us, size in (
        (20, "GET", "/v1/forecast", 200, 41_200, 1842),
        (120, "POST", "/v1/stations/oslo-blindern/observations", 201, 96_000, 212),
        (300, "GET", "/v1/history", 429, 610, 391),
        (7200, "DELETE", "/v1/alerts/17", 502, 1_204_000, 288),
    )
]
