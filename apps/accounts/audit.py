"""Recording audit events: called by services, inside the transaction of what they record."""

from typing import Any

from apps.accounts.access import Actor
from apps.accounts.models import AuditEvent, Organization, User
from apps.core import clock


def record_event(
    *,
    organization: Organization | None,
    actor: User | None,
    action: str,
    target: str = "",
    summary: str,
    data: dict[str, Any] | None = None,
) -> AuditEvent:
    """Add a line to the audit log. `action` is `<noun>.<past participle>`, `target` a public id."""
    return AuditEvent.objects.create(
        organization=organization,
        actor=actor,
        action=action,
        target=target,
        summary=summary[:300],
        data=data or {},
        occurred_at=clock.now(),
    )


def record_action(
    actor: Actor, action: str, summary: str, *, target: str = "", data: dict[str, Any] | None = None
) -> AuditEvent:
    """The same for what the actor did in their own organization."""
    return record_event(
        organization=actor.organization, actor=actor.user, action=action, target=target, summary=summary, data=data
    )
