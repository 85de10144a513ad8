from django.utils.translation import gettext_noop

from apps.core.errors import Conflict


class ConsumerBanned(Conflict):
    code = "consumer_banned"
    message = gettext_noop("The creator of this product does not let your organization subscribe to it.")
