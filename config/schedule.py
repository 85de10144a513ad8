"""The periodic jobs that `beat` starts: task name → how often."""

from celery.schedules import crontab, schedule

PERIODIC_JOBS: dict[str, schedule | crontab] = {
    "core.prune_changes": crontab(minute=17, hour=3),
}

BEAT_SCHEDULE = {name: {"task": name, "schedule": when} for name, when in PERIODIC_JOBS.items()}
