"""Jobs of the catalogue: each step of a product's end happens once, whoever asks for it how often."""

import datetime as dt

from celery import shared_task

from apps.core import clock
from apps.core.jobs import enqueue
from apps.products import selectors, services

# Younger ones are with the task that their transaction enqueued.
OVERDUE = dt.timedelta(minutes=5)


@shared_task(name="products.announce_retirement")
def announce_retirement(product_id: int) -> None:
    services.announce_retirement(product_id=product_id)


@shared_task(name="products.announce_changelog_entry")
def announce_changelog_entry(entry_id: int) -> None:
    services.announce_changelog_entry(entry_id=entry_id)


@shared_task(name="products.retire_due")
def retire_due() -> None:
    """Retire the products whose date has come, and remind subscribers of those whose date is near."""
    now = clock.now()
    for product_id in selectors.list_retirements_due(now):
        services.end_product(product_id=product_id)
    for product_id in selectors.list_reminders_due(now):
        services.remind_of_retirement(product_id=product_id)


@shared_task(name="products.announce_waiting")
def announce_waiting() -> None:
    """Find what subscribers should have been told and enqueue it again: the broker had not answered."""
    for product_id in selectors.list_unannounced_retirements():
        enqueue("products.announce_retirement", product_id=product_id)
    for entry_id in selectors.list_unannounced_changes(clock.now() - OVERDUE):
        enqueue("products.announce_changelog_entry", entry_id=entry_id)


@shared_task(name="products.recount_subscribers")
def recount_subscribers() -> None:
    services.recount_subscribers()
