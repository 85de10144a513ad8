"""Counting everything again: rollups from the events, quota counters from what Postgres and Redis know."""

from apps.usage.reconciliation.difference import Difference
from apps.usage.reconciliation.runs import LastRun, last_run, reconcile

__all__ = ["Difference", "LastRun", "last_run", "reconcile"]
