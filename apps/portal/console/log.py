"""A call of the request log as pages show it: a line, and everything about one."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.portal.explanations import Explanation, explain_failure, explain_refusal
from apps.portal.wording import quota_in_words, rate_limit_in_words
from apps.subscriptions.models import Subscription
from apps.usage.models import Rejection
from apps.usage.selectors import RequestEntry


@dataclass(frozen=True)
class LogLine:
    """`note` says in few words why a call was refused (and by which limit) or failed; empty where it was answered.

    `url` is the page of the call, `party` who is on the other side of it: a product or a consumer.
    """

    entry: RequestEntry
    note: str
    url: str = ""
    party: str = ""


@dataclass(frozen=True)
class NextStep:
    text: str
    url: str


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


def line(entry: RequestEntry, why: Explanation | None, *, url: str = "", party: str = "") -> LogLine:
    """`why` is what is said of the call to who looks at it: see `explain`."""
    policy = entry.rejection.policy if entry.rejection else ""
    note = f"{why.title} · {policy}" if why and policy else why.title if why else ""
    return LogLine(entry, note, url, party)


def describe(entry: RequestEntry, subscription: Subscription) -> CallDetail:
    """`subscription` is the one of the call, with its product and plan."""
    policy = ""
    if entry.rejection is not None and entry.rejection.policy:
        policy = policy_in_words(entry.rejection, subscription)
    return CallDetail(entry, explain(entry), policy, _next_step(entry, subscription))


def explain(entry: RequestEntry) -> Explanation | None:
    """Why the call was refused or failed, in words for the consumer who made it."""
    if entry.rejection is not None:
        rejection = entry.rejection
        return explain_refusal(rejection.code, counter=rejection.counter, limit=rejection.limit)
    assert entry.event is not None
    return explain_failure(entry.event.outcome)


def policy_in_words(rejection: Rejection, subscription: Subscription) -> str:
    """What the plan says of the limit that refused the call; its name alone where it says nothing of it any more."""
    plan = subscription.plan
    words = [quota_in_words(quota) for quota in plan.quotas.all() if quota.name == rejection.policy]
    words += [
        rate_limit_in_words(limit)
        for limit in plan.rate_limits.all()
        if limit.name == rejection.policy and limit.endpoint_id in (None, rejection.endpoint_id)
    ]
    return f"{rejection.policy}: {words[0]}" if words else rejection.policy


def _next_step(entry: RequestEntry, subscription: Subscription) -> NextStep | None:
    """The page where the reason can be dealt with."""
    if entry.rejection is None:
        return None
    code = entry.rejection.code
    own = [subscription.organization.slug, subscription.public_id]
    product = reverse("portal:product", args=[subscription.product.slug])
    if code in ("rate_limited", "quota_exceeded", "plan_upgrade_required"):
        return NextStep(_("Compare the plans"), f"{product}#plans")
    if code in ("key_missing", "key_invalid", "key_revoked", "key_expired", "not_subscribed"):
        return NextStep(_("Open the keys"), reverse("portal:subscription-keys", args=own))
    if code in ("route_not_found", "method_not_allowed", "bad_request", "request_too_large"):
        return NextStep(_("Open the documentation"), f"{product}#endpoints")
    if code == "subscription_inactive":
        return NextStep(_("Open the history"), reverse("portal:subscription-manage", args=own))
    return None
