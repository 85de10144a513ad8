"""What each page of studio and team asks of the role, and what a form there would be sent."""

from typing import Any

from apps.accounts.enums import Role
from apps.accounts.permissions import Action
from apps.plans.models import PlanGrant
from apps.products.services import changes_of
from tests.portal.studio.world import World

# What a page asks of the role for a GET; pages that only act have none.
READS: dict[str, Action] = {
    "studio": Action.VIEW,
    "studio-product-new": Action.PRODUCTS_EDIT,
    "studio-product": Action.VIEW,
    "studio-endpoints": Action.VIEW,
    "studio-endpoint-new": Action.PRODUCTS_EDIT,
    "studio-endpoint": Action.PRODUCTS_EDIT,
    "studio-product-import": Action.PRODUCTS_EDIT,
    "studio-imports": Action.PRODUCTS_EDIT,
    "studio-import": Action.PRODUCTS_EDIT,
    "studio-tiers": Action.VIEW,
    "studio-plans": Action.VIEW,
    "studio-plan-new": Action.PLANS_EDIT,
    "studio-plan": Action.PLANS_EDIT,
    "studio-consumers": Action.VIEW,
    "studio-consumer": Action.VIEW,
    "studio-usage": Action.VIEW,
    "studio-usage-csv": Action.VIEW,
    "studio-requests": Action.VIEW,
    "studio-request": Action.VIEW,
    "studio-settings": Action.VIEW,
    "members": Action.VIEW,
    "member": Action.VIEW,
    "audit": Action.AUDIT_VIEW,
    "settings": Action.VIEW,
}

PLAN_FORM = {
    "name": "Other",
    "tier": "",  # filled in by `posted`
    "price": "0",
    "interval": "month",
    "overage": "block",
    "visibility": "public",
    "quota_on_change": "reset",
    "quotas-TOTAL_FORMS": "0",
    "quotas-INITIAL_FORMS": "0",
    "rate_limits-TOTAL_FORMS": "0",
    "rate_limits-INITIAL_FORMS": "0",
}
DOCUMENT = "openapi: 3.1.0\ninfo: {title: Maps, version: '2'}\npaths: {/tiles: {get: {summary: A tile}}}"
# What a page asks of the role for a POST, and a body that it would carry out.
WRITES: dict[str, tuple[Action, dict[str, str]]] = {
    "studio-product-new": (
        Action.PRODUCTS_EDIT, {"name": "Maps", "slug": "maps-api", "upstream_url": "https://maps.example.com"}
    ),
    "studio-publish": (Action.PRODUCTS_PUBLISH, {}),
    "studio-unpublish": (Action.PRODUCTS_PUBLISH, {}),
    "studio-endpoint-new": (Action.PRODUCTS_EDIT, {"method": "GET", "path": "/new", "tier": "", "weight": "1"}),
    "studio-endpoint": (Action.PRODUCTS_EDIT, {"method": "PUT", "path": "/other", "tier": "", "weight": "2"}),
    "studio-endpoint-remove": (Action.PRODUCTS_EDIT, {}),
    "studio-product-import": (
        Action.PRODUCTS_EDIT,
        {"source": "paste", "document": DOCUMENT, "name": "Maps", "upstream_url": "https://maps.example.com"},
    ),
    "studio-imports": (Action.PRODUCTS_EDIT, {"source": "paste", "document": DOCUMENT}),
    "studio-import-apply": (Action.PRODUCTS_EDIT, {"seen": ""}),
    "studio-import-discard": (Action.PRODUCTS_EDIT, {}),
    "studio-tiers": (Action.PRODUCTS_EDIT, {"name": "Gold"}),
    "studio-tier-rename": (Action.PRODUCTS_EDIT, {"name": "Gold"}),
    "studio-tier-remove": (Action.PRODUCTS_EDIT, {}),
    "studio-plan-new": (Action.PLANS_EDIT, PLAN_FORM),
    "studio-plan": (Action.PLANS_EDIT, PLAN_FORM),
    "studio-plan-grant": (Action.PLANS_EDIT, {"organization": ""}),
    "studio-plan-revoke": (Action.PLANS_EDIT, {"organization": ""}),
    "studio-plan-publish": (Action.PLANS_EDIT, {}),
    "studio-plan-withdraw": (Action.PLANS_EDIT, {}),
    "studio-consumer-approve": (Action.CONSUMERS_MANAGE, {}),
    "studio-consumer-decline": (Action.CONSUMERS_MANAGE, {}),
    "studio-consumer-pause": (Action.CONSUMERS_MANAGE, {}),
    "studio-consumer-resume": (Action.CONSUMERS_MANAGE, {}),
    "studio-consumer-reset": (Action.CONSUMERS_MANAGE, {}),
    "studio-settings": (
        Action.PRODUCTS_EDIT,
        {"name": "Other", "upstream_url": "https://b.example.com", "max_body_mib": "1", "timeout_seconds": "5"},
    ),
    "studio-secret": (Action.PRODUCTS_EDIT, {}),
    "studio-secret-rotate": (Action.PRODUCTS_EDIT, {"confirm": ""}),
    "members": (Action.MEMBERS_MANAGE, {"email": "new@example.com", "role": "viewer"}),
    "member-role": (Action.MEMBERS_MANAGE, {"role": "viewer"}),
    "member-remove": (Action.MEMBERS_MANAGE, {}),
    "invitation-withdraw": (Action.MEMBERS_MANAGE, {}),
    "settings": (Action.ORGANIZATION_MANAGE, {"name": "Other"}),
}  # fmt: skip


def posted(ours: World, name: str) -> dict[str, str]:
    """The body of a POST, with what only this world knows."""
    body = dict(WRITES[name][1]) if name in WRITES else {}
    if "tier" in body:
        body["tier"] = ours.tier.slug
    if "organization" in body:
        body["organization"] = ours.subscription.organization.slug
    if "seen" in body:
        body["seen"] = changes_of(ours.imported).seen
    if "confirm" in body:
        body["confirm"] = ours.product.slug
    return body


def prepared(ours: World, name: str) -> dict[str, Any]:
    """Bring the world to where the action is possible; returns the ids that the address needs for it."""
    if name == "studio-publish":
        ours.product.status = "draft"
        ours.product.save()
    if name == "studio-plan-publish":
        return {"plan_id": ours.draft.public_id}
    if name == "studio-plan-revoke":
        PlanGrant.objects.create(
            product=ours.product, plan_slug=ours.plan.slug, organization=ours.subscription.organization
        )
    if name in ("studio-consumer-approve", "studio-consumer-decline"):
        ours.subscription.status = "pending_approval"
        ours.subscription.save()
    if name == "studio-consumer-resume":
        ours.subscription.status = "paused"
        ours.subscription.save()
    if name == "member-remove":
        # By another than the member, who may always leave.
        return {"member_id": ours.organization.memberships.get(user=ours.members[Role.VIEWER]).pk}
    return {}
