from django.utils.translation import gettext_noop

from apps.core.errors import Conflict


class ConsumerBanned(Conflict):
    code = "consumer_banned"
    message = gettext_noop("The creator of this product does not let your organization subscribe to it.")


class ManagedAtStripe(Conflict):
    code = "managed_at_stripe"
    message = gettext_noop(
        "This subscription was bought elsewhere, and Stripe charges it. Change its plan or cancel it where you bought"
        " it: within a minute it is the same here."
    )
