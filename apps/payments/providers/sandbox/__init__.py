"""The sandbox provider: moves no money, needs no account, and behaves by the number of the card."""

from apps.payments.providers.sandbox.cards import TEST_CARDS, TestCard
from apps.payments.providers.sandbox.provider import SandboxProvider

__all__ = ["TEST_CARDS", "SandboxProvider", "TestCard"]
