"""A call of the request log as both sides see it: a line, why it was refused, and by which limit, in words."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from apps.portal.requests.explanations import Explanation, explain_failure, explain_refusal
from apps.portal.wording import concurrency_in_words, quota_in_words, rate_limit_in_words
from apps.subscriptions.models import Subscription
from apps.usage.counters.types import CONCURRENCY
from apps.usage.limits import TEST_CALLS
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


def line(entry: RequestEntry, why: Explanation | None, *, url: str = "", party: str = "") -> LogLine:
    """`why` is what is said of the call to who looks at it: see `explain`."""
    policy = entry.rejection.policy if entry.rejection else ""
    note = f"{why.title} · {policy}" if why and policy else why.title if why else ""
    return LogLine(entry, note, url, party)


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
    if rejection.policy == CONCURRENCY and plan.max_concurrent is not None:
        words.append(concurrency_in_words(plan))
    if rejection.policy == TEST_CALLS:
        words.append(_("%(calls)s calls an hour with test keys") % {"calls": rejection.limit})
    return f"{rejection.policy}: {words[0]}" if words else rejection.policy
