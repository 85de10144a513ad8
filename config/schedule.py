"""The periodic jobs that `beat` starts: task name → how often."""

from celery.schedules import crontab, schedule

PERIODIC_JOBS: dict[str, schedule | crontab] = {
    "core.prune_changes": crontab(minute=17, hour=3),
    "core.prune_idempotent_requests": crontab(minute=47),
    "keys.announce_expiring": crontab(minute=23),
    "notifications.send_waiting": schedule(300),
    "notifications.prune": crontab(minute=47, hour=3),
    "products.retire_due": schedule(60),
    "products.announce_waiting": schedule(300),
    "products.recount_subscribers": schedule(900),
    "usage.record_quota_periods": schedule(60),
    "usage.ensure_partitions": crontab(minute=7, hour=2),
    "usage.prune_rejections": crontab(minute=37, hour=3),
    "usage.store_recordings": schedule(10),
    "usage.prune_recordings": crontab(minute=52, hour=3),
    "usage.reconcile": crontab(minute=19, hour=4),
    "payments.settle_payments": schedule(60),
    "payments.settle_refunds": schedule(60),
    "payments.process_events": schedule(60),
    "billing.expire_checkouts": schedule(60),
    "billing.close_due_periods": schedule(60),
    "billing.run_dunning": schedule(60),
    "billing.find_late_usage": crontab(minute=27, hour=2),
    "billing.remind_of_trial_ends": crontab(minute=13),
    "billing.refund_due": schedule(300),
    "billing.report_tax": schedule(60),
    "billing.forget_tax_calculations": crontab(minute=57, hour=3),
    "billing.follow_all_at_stripe": crontab(minute=51, hour="*/6"),
    "payouts.create_scheduled": crontab(minute=13),
    "payouts.send_due": schedule(60),
    "payouts.refresh_accounts": crontab(minute=33),
    "payouts.reconcile": crontab(minute=29, hour=4),
}

# A job of every few seconds that waits until the next one is due is not needed any more.
BEAT_SCHEDULE = {
    name: {"task": name, "schedule": when, "options": {} if isinstance(when, crontab) else {"expires": when.seconds}}
    for name, when in PERIODIC_JOBS.items()
}
