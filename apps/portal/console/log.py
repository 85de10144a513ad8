"""Everything about a call of the request log, for the consumer who made it."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.portal.requests.explanations import Explanation
from apps.portal.requests.lines import NextStep, explain, policy_in_words
from apps.subscriptions.models import Subscription
from apps.usage.selectors import RequestEntry


@dataclass(frozen=True)
class CallDetail:
    """`why` is None where the backend answered; `policy` is the limit that refused the call, in words."""

    entry: RequestEntry
    why: Explanation | None
    policy: str
    step: NextStep | None

    @property
    def is_refused(self) -> bool:
        """Whether the gateway answered for itself; a call that was lost with its process has no answer at all."""
        return self.entry.is_rejected and self.entry.call.status > 0


def describe(entry: RequestEntry, subscription: Subscription) -> CallDetail:
    """`subscription` is the one of the call, with its product and plan."""
    policy = ""
    if entry.rejection is not None and entry.rejection.policy:
        policy = policy_in_words(entry.rejection, subscription)
    return CallDetail(entry, explain(entry), policy, _next_step(entry, subscription))


def _next_step(entry: RequestEntry, subscription: Subscription) -> NextStep | None:
    """The page where the reason can be dealt with."""
    if entry.rejection is None:
        return None
    code = entry.rejection.code
    own = [subscription.organization.slug, subscription.public_id]
    product = [subscription.product.slug]
    if code in ("rate_limited", "quota_exceeded", "plan_upgrade_required"):
        return NextStep(_("Compare the plans"), reverse("portal:product-plans", args=product))
    if code == "spend_cap_reached":
        return NextStep(_("Open the spend cap"), f"{reverse('portal:subscription-manage', args=own)}#overage")
    if code in ("key_missing", "key_invalid", "key_revoked", "key_expired", "not_subscribed"):
        return NextStep(_("Open the keys"), reverse("portal:subscription-keys", args=own))
    if code in ("route_not_found", "method_not_allowed", "bad_request", "request_too_large"):
        return NextStep(_("Open the documentation"), reverse("portal:product-endpoints", args=product))
    if code == "subscription_inactive":
        return NextStep(_("Open the history"), reverse("portal:subscription-manage", args=own))
    return None
