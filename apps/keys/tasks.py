from celery import shared_task

from apps.keys import services


@shared_task(name="keys.announce_expiring")
def announce_expiring() -> None:
    """Tell people of keys that end soon."""
    services.announce_expiring_keys()
