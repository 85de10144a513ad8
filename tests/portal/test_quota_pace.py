"""Whether a quota lasts until its period ends."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

from apps.plans.pricing import TierPrice
from apps.portal.usage.pace import QuotaPace, pace_of
from apps.usage.selectors import QuotaUsage

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def pace(used: int, days: float, included: int = 1000) -> QuotaPace:
    """Of a period of ten days, so many days into it."""
    usage = QuotaUsage("monthly", "month", included, used, START, START + dt.timedelta(days=10))
    return pace_of(usage, START + dt.timedelta(days=days))


def test_the_pace_so_far_is_drawn_out_to_the_end() -> None:
    assert pace(used=100, days=2).projected == 500


def test_a_quota_that_does_not_last_says_when_it_ends() -> None:
    found = pace(used=500, days=2.5)
    assert found.projected == 2000
    assert found.runs_out_at == START + dt.timedelta(days=5)


def test_a_quota_that_lasts_has_no_end() -> None:
    assert pace(used=100, days=5).runs_out_at is None


def test_a_pace_says_nothing_at_the_very_beginning() -> None:
    assert pace(used=100, days=1.9).projected is None


def test_a_used_up_quota_is_not_projected_to_end() -> None:
    found = pace(used=1000, days=5)
    assert found.is_used_up
    assert found.is_high
    assert found.runs_out_at is None


def test_from_80_percent_on_it_is_high() -> None:
    assert not pace(used=799, days=5).is_high
    assert pace(used=800, days=5).is_high


def test_beyond_the_included_units_it_says_what_is_extra_and_what_that_costs() -> None:
    usage = QuotaUsage(
        "monthly", "month", 1000, 1200, START, START + dt.timedelta(days=10),
        extra_max=500, tier_prices=(TierPrice(None, Decimal("0.2")),), currency="USD",
    )  # fmt: skip
    found = pace_of(usage, START + dt.timedelta(days=5))
    assert found.extra_note.replace("\u202f", " ") == "200 extra, 0.40 USD so far, 300 more may pass"
    assert not found.is_used_up
    assert found.runs_out_at == START + dt.timedelta(days=6.25)
    assert pace_of(replace(usage, used=1500), START).is_used_up
    assert pace_of(replace(usage, used=999), START).extra_note == ""
    assert pace_of(replace(usage, used=1000), START).extra_note.startswith("0 extra, 0.00")


def test_a_quota_of_nothing_is_used_up() -> None:
    assert pace(used=0, days=5, included=0).is_used_up
