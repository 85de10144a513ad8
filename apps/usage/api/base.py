"""Whose usage a request asks for, and of which time."""

import datetime as dt

from django.utils.translation import gettext as _

from apps.accounts.rest.base import OrganizationView
from apps.core import clock
from apps.core.errors import Invalid
from apps.products.selectors import get_own_product
from apps.subscriptions.selectors import get_subscription, list_subscriptions
from apps.usage.selectors import Scope

LONGEST = dt.timedelta(days=366)
LONGEST_BY_HOUR = dt.timedelta(days=7)
_USUAL = dt.timedelta(days=30)


class UsageScopeView(OrganizationView):
    @property
    def shows_keys(self) -> bool:
        """Keys are shown to the consumer whose they are."""
        return "product" not in self.query

    def scope(self) -> Scope:
        """What the query names, of the actor's organization. Raises `NotFound`, or `Invalid` for both at once."""
        subscription, product = self.query.get("subscription"), self.query.get("product")
        if subscription and product:
            raise Invalid(_("Give a subscription or a product, not both."), field="product")
        if product:
            return Scope.of_product(get_own_product(self.actor, public_id=product))
        if subscription:
            return Scope.of_subscription(get_subscription(self.actor, public_id=subscription))
        return Scope.of_subscriptions(list_subscriptions(self.actor))

    def span(self) -> tuple[dt.datetime, dt.datetime]:
        """`[since, until)` of the query. Raises `Invalid`."""
        until = self.query.get("until") or clock.now()
        if until.year < 2000 or until.year > 9000:
            raise Invalid(_("Choose a time of this century."), field="until")
        since = self.query.get("since") or until - _USUAL
        longest = LONGEST_BY_HOUR if self.query.get("step") == "hour" else LONGEST
        if not dt.timedelta() < until - since <= longest:
            raise Invalid(_("Choose a time of up to %(days)d days.") % {"days": longest.days}, field="since")
        return since, until
