"""Every reason that the gateway can give is explained, with what to do."""

import pytest

from apps.gateway.engine.forwarding.settle import Outcome
from apps.gateway.engine.messages import problems
from apps.portal.requests.explanations import explain_failure, explain_refusal
from apps.usage.counters.records import ABANDONED

# What stands for the outcome of a forwarded call is explained as that.
REFUSALS = [problem for problem in problems.PROBLEMS if problem.code not in set(Outcome)]


@pytest.mark.parametrize("code", sorted({problem.code for problem in REFUSALS} | {ABANDONED}))
def test_each_code_has_a_rule_and_an_advice(code: str) -> None:
    explanation = explain_refusal(code)
    assert explanation.title
    assert explanation.rule
    assert explanation.advice


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome != Outcome.COMPLETED])
def test_each_failure_of_a_forwarded_call_has_one(outcome: str) -> None:
    explanation = explain_failure(outcome)
    assert explanation is not None
    assert explanation.rule
    assert explanation.advice


def test_a_completed_call_needs_none() -> None:
    assert explain_failure(Outcome.COMPLETED) is None


def test_a_limit_is_named_with_its_numbers() -> None:
    assert explain_refusal("rate_limited", counter=60, limit=60).rule == (
        "60 calls had passed within the window, and the limit is 60."
    )
    assert "1\u202f000 of the 1\u202f000 units" in explain_refusal("quota_exceeded", counter=1000, limit=1000).rule


def test_a_code_of_a_newer_gateway_explains_itself_by_its_name() -> None:
    assert explain_refusal("spend_cap_reached").title == "Spend cap reached"
