"""What holds at one endpoint: which plans open it and how often, and what the gateway may answer in its place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.gateway.engine.messages import problems
from apps.gateway.engine.messages.problems import Problem
from apps.plans.models import Plan
from apps.portal.requests.explanations import explain_failure, explain_refusal
from apps.portal.wording import quotas_in_words, rate_limits_in_words
from apps.products.models import Endpoint, Product
from apps.products.openapi.example_answers import example_answer

# Of requests to another address, method or protocol than those of the endpoint.
_ELSEWHERE = frozenset(
    {
        problems.ROUTE_NOT_FOUND,
        problems.METHOD_NOT_ALLOWED,
        problems.METHOD_UNKNOWN,
        problems.WEBSOCKET_UNSUPPORTED,
        problems.WEBSOCKET_VERSION,
    }
)
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


@dataclass(frozen=True)
class PlanTerms:
    """What a plan on sale allows at the endpoint; the limits are words."""

    plan: Plan
    opens: bool
    rate_limits: str
    quotas: str


@dataclass(frozen=True)
class Refusal:
    """An answer of the gateway's own. `title` says what it means, `advice` what to do."""

    status: int
    code: str
    title: str
    rule: str
    advice: str


def plan_terms(endpoint: Endpoint, plans: Iterable[Plan]) -> list[PlanTerms]:
    """One for each plan, which come with their tiers, quotas and rate limits."""
    return [
        PlanTerms(
            plan=plan,
            opens=plan.tier.rank >= endpoint.tier.rank,
            rate_limits=rate_limits_in_words(plan, endpoint),
            quotas=quotas_in_words(plan),
        )
        for plan in plans
    ]


def refusals(product: Product, endpoint: Endpoint, plans: Sequence[Plan]) -> list[Refusal]:
    """What the gateway itself may answer a call of this endpoint with, by status: all but what cannot be."""
    found = [_refusal(problem) for problem in problems.PROBLEMS if _can_be(problem, product, endpoint, plans)]
    return sorted(found, key=lambda refusal: (refusal.status, refusal.code))


def _can_be(problem: Problem, product: Product, endpoint: Endpoint, plans: Sequence[Plan]) -> bool:
    if problem in _ELSEWHERE:
        return False
    conditions = {
        problems.PLAN_UPGRADE_REQUIRED: any(plan.tier.rank < endpoint.tier.rank for plan in plans),
        problems.PAYMENT_REQUIRED: not all(plan.is_free for plan in plans),
        problems.QUOTA_EXCEEDED: any(plan.quotas.all() for plan in plans),
        problems.TEST_KEY_REFUSED: not product.test_upstream_url and example_answer(endpoint.operation) is None,
        problems.REQUEST_TOO_LARGE: endpoint.method not in _WITHOUT_BODY,
        problems.ACCESS_ENDED: endpoint.method not in _WITHOUT_BODY,
        problems.REQUEST_TIMEOUT: endpoint.method not in _WITHOUT_BODY,
    }
    return conditions.get(problem, True)


def _refusal(problem: Problem) -> Refusal:
    # What is answered for a failed backend is explained as the outcome of its call.
    words = explain_failure(problem.code) or explain_refusal(problem.code)
    return Refusal(problem.status, problem.code, words.title, words.rule, words.advice)
