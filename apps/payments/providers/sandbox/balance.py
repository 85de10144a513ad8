"""What the sandbox's books say about the platform's balance."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from apps.payments.enums import DisputeStatus, SandboxAnswer, SandboxMovementKind
from apps.payments.models import SandboxCharge, SandboxDispute, SandboxMovement
from apps.payments.providers.base import BalanceKind, BalanceTransaction

# Out of the balance, or back into it.
_SIGNS = {
    SandboxMovementKind.REFUND: -1,
    SandboxMovementKind.TRANSFER: -1,
    SandboxMovementKind.TRANSFER_REVERSAL: 1,
}


def list_paid_charges() -> QuerySet[Any]:
    """Those that have moved money, with `moved_at`."""
    return SandboxCharge.objects.filter(
        Q(action_url="") | Q(confirmation__answer=SandboxAnswer.CONFIRMED), decline_code=""
    ).annotate(moved_at=Coalesce("confirmation__created_at", F("created_at")))


def left_of_charge(charge: SandboxCharge) -> int:
    """What is neither refunded nor taken back by a dispute that is open or lost."""
    disputed = SandboxDispute.objects.filter(charge=charge).exclude(status=DisputeStatus.WON)
    return charge.amount - _moved(SandboxMovementKind.REFUND, charge.reference) - _sum(disputed)


def left_of_transfer(transfer: SandboxMovement) -> int:
    """What is not reversed."""
    return transfer.amount - _moved(SandboxMovementKind.TRANSFER_REVERSAL, transfer.reference)


def transactions(since: dt.datetime, until: dt.datetime) -> Iterator[BalanceTransaction]:
    """Within [since, until), the oldest first."""
    found = [*_charges(since, until), *_movements(since, until), *_disputes(since, until)]
    return iter(sorted(found, key=lambda one: (one.occurred_at, one.id)))


def _charges(since: dt.datetime, until: dt.datetime) -> Iterator[BalanceTransaction]:
    for charge in list_paid_charges().filter(moved_at__gte=since, moved_at__lt=until):
        yield BalanceTransaction(
            id=f"txn_{charge.reference}",
            kind=BalanceKind.CHARGE,
            amount=charge.amount,
            fee=0,
            currency=charge.currency,
            source=charge.reference,
            occurred_at=charge.moved_at,
        )


def _movements(since: dt.datetime, until: dt.datetime) -> Iterator[BalanceTransaction]:
    for moved in SandboxMovement.objects.filter(failure_code="", created_at__gte=since, created_at__lt=until):
        yield BalanceTransaction(
            id=f"txn_{moved.reference}",
            kind=BalanceKind(moved.kind),
            amount=_SIGNS[SandboxMovementKind(moved.kind)] * moved.amount,
            fee=0,
            currency=moved.currency,
            source=moved.reference,
            occurred_at=moved.created_at,
        )


def _disputes(since: dt.datetime, until: dt.datetime) -> Iterator[BalanceTransaction]:
    for dispute in SandboxDispute.objects.select_related("charge").filter(opened_at__lt=until):
        steps = [(BalanceKind.DISPUTE, -1, dispute.opened_at)]
        if dispute.status == DisputeStatus.WON and dispute.closed_at is not None:
            steps.append((BalanceKind.DISPUTE_REVERSAL, 1, dispute.closed_at))
        for kind, sign, at in steps:
            if since <= at < until:
                yield BalanceTransaction(
                    id=f"txn_{dispute.reference}_{kind}",
                    kind=kind,
                    amount=sign * dispute.amount,
                    fee=-sign * dispute.fee_amount,
                    currency=dispute.charge.currency,
                    source=dispute.reference,
                    occurred_at=at,
                )


def _moved(kind: SandboxMovementKind, subject: str) -> int:
    return _sum(SandboxMovement.objects.filter(kind=kind, subject=subject, failure_code=""))


def _sum(rows: "QuerySet[SandboxMovement] | QuerySet[SandboxDispute]") -> int:
    return int(rows.aggregate(total=Coalesce(Sum("amount"), 0))["total"])
