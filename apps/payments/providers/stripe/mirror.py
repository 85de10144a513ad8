"""dj-stripe's copy of what Stripe has, kept by its events.

Only for people and reports to look at: what is owed, paid and refunded stands in our own rows. Mind that the objects of
connected accounts are under the platform's account there (`djstripe_owner_account`); only of events it is right.
"""

from django.conf import settings
from django.db import connection

from apps.payments.models import ProviderEvent

# Any number, the same everywhere.
_LOCK = 0x5712_1BE5


def mirror(event: ProviderEvent) -> None:
    """Let dj-stripe process an event, in the caller's transaction; one that it has is left alone.

    It asks Stripe for every object that the event names: the one exception to the rule that nobody is asked while a
    transaction is open. One at a time, as two events of one charge would wait for each other's rows.
    """
    from djstripe.models import Event, Refund

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    Event.process(event.payload, api_key=settings.STRIPE_SECRET_KEY)
    told = event.payload["data"]["object"]
    if told["object"] == "refund":
        # It has no handler for these.
        Refund.sync_from_stripe_data(told, api_key=settings.STRIPE_SECRET_KEY)
