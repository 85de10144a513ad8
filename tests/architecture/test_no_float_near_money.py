"""Money is whole minor units, Decimal or Fraction: a float would lose a cent without saying so."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MONEY = ("apps/billing", "apps/ledger", "apps/payments", "apps/payouts", "apps/plans", "apps/core/money.py")
# Seconds that are waited, and nothing else.
OF_TIME = {
    "apps/billing/management/commands/advance_clock.py",
    "apps/billing/services/sandbox_clock.py",
    "apps/payments/providers/stripe/signatures.py",
}


def floats(tree: ast.AST) -> Iterator[int]:
    """The lines with a float: the word, a number with a point, or a column."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id="float") | ast.Constant(value=float()) | ast.Attribute(attr="FloatField"):
                yield node.lineno


def sources() -> Iterator[Path]:
    for place in MONEY:
        yield from [ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py")


def test_there_is_none() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources()
        if str(path.relative_to(ROOT)) not in OF_TIME
        for line in floats(ast.parse(path.read_text()))
    }
    assert found == set()


@pytest.mark.parametrize("text", ["a = 0.5", "float(x)", "def f(a: float): ...", "models.FloatField()"])
def test_it_would_be_found(text: str) -> None:
    assert list(floats(ast.parse(text))) == [1]


def test_the_exceptions_are_needed() -> None:
    assert all(list(floats(ast.parse((ROOT / path).read_text()))) for path in OF_TIME)
