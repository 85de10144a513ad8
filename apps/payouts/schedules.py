"""When payouts are due. Pure."""

import datetime as dt

from apps.payouts.enums import Schedule


def due_day(schedule: str, today: dt.date) -> dt.date:
    """The latest day of the schedule up to today: a Monday, or the first of the month."""
    return today - dt.timedelta(days=today.weekday()) if schedule == Schedule.WEEKLY else today.replace(day=1)


def next_day(schedule: str, today: dt.date) -> dt.date | None:
    """The first day of the schedule after today; None where payouts are asked for."""
    if schedule == Schedule.WEEKLY:
        return due_day(schedule, today) + dt.timedelta(days=7)
    if schedule == Schedule.MONTHLY:
        return (due_day(schedule, today) + dt.timedelta(days=32)).replace(day=1)
    return None
