"""What each page of studio and team asks of the role, and what a form there would be sent."""

import base64
import datetime as dt
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from apps.accounts.enums import Role
from apps.accounts.permissions import Action
from apps.core import clock
from apps.plans.models import PlanGrant
from apps.products.services import changes_of
from apps.subscriptions.models import ConsumerBan
from tests.factories.plans import PlanFactory
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
    "studio-coupons": Action.VIEW,
    "studio-plan-new": Action.PLANS_EDIT,
    "studio-plan": Action.PLANS_EDIT,
    "studio-invoices": Action.CONSUMERS_MANAGE,
    "studio-invoice": Action.CONSUMERS_MANAGE,
    "studio-invoice-pdf": Action.CONSUMERS_MANAGE,
    "studio-credit-note-pdf": Action.CONSUMERS_MANAGE,
    "studio-cases": Action.CONSUMERS_MANAGE,
    "studio-case": Action.CONSUMERS_MANAGE,
    "studio-consumers": Action.VIEW,
    "studio-consumer": Action.VIEW,
    "studio-usage": Action.VIEW,
    "studio-usage-csv": Action.VIEW,
    "studio-requests": Action.VIEW,
    "studio-request": Action.VIEW,
    "studio-changelog": Action.VIEW,
    "studio-change-new": Action.PRODUCTS_EDIT,
    "studio-change": Action.PRODUCTS_EDIT,
    "studio-help": Action.VIEW,
    "studio-question-new": Action.PRODUCTS_EDIT,
    "studio-question": Action.PRODUCTS_EDIT,
    "studio-channel-new": Action.PRODUCTS_EDIT,
    "studio-channel": Action.PRODUCTS_EDIT,
    "studio-lifecycle": Action.VIEW,
    "studio-settings": Action.VIEW,
    "members": Action.VIEW,
    "member": Action.VIEW,
    "audit": Action.AUDIT_VIEW,
    "tokens": Action.VIEW,
    "settings": Action.VIEW,
}

PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==")  # a GIF of one pixel
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
    "studio-endpoints-move": (Action.PRODUCTS_EDIT, {"tier": "", "every": "on"}),
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
    "studio-coupons": (Action.PLANS_EDIT, {"code": "OTHER", "value": "5", "unit": "percent", "duration": "once"}),
    "studio-coupon-archive": (Action.PLANS_EDIT, {}),
    "studio-plan-grant": (Action.PLANS_EDIT, {"organization": ""}),
    "studio-plan-revoke": (Action.PLANS_EDIT, {"organization": ""}),
    "studio-plan-migrate": (Action.PLANS_EDIT, {"from": "", "when": "renewal"}),
    "studio-plan-publish": (Action.PLANS_EDIT, {}),
    "studio-plan-withdraw": (Action.PLANS_EDIT, {}),
    "studio-invoice": (Action.CONSUMERS_MANAGE, {"reason": "goodwill", "amount": "0.01"}),
    "studio-case": (Action.CONSUMERS_MANAGE, {"decision": "refuse", "answer": "They were yours."}),
    "studio-consumer-approve": (Action.CONSUMERS_MANAGE, {}),
    "studio-consumer-decline": (Action.CONSUMERS_MANAGE, {}),
    "studio-consumer-ban": (Action.CONSUMERS_MANAGE, {}),
    "studio-consumer-lift-ban": (Action.CONSUMERS_MANAGE, {}),
    "studio-consumer-pause": (Action.CONSUMERS_MANAGE, {}),
    "studio-consumer-resume": (Action.CONSUMERS_MANAGE, {}),
    "studio-consumer-reset": (Action.CONSUMERS_MANAGE, {}),
    "studio-settings": (
        Action.PRODUCTS_EDIT,
        {"name": "Other", "upstream_url": "https://b.example.com", "max_body_mib": "1", "timeout_seconds": "5",
         "connect_seconds": "5", "idle_seconds": "5"},
    ),
    "studio-endpoint-deprecate": (Action.PRODUCTS_EDIT, {"note": "Use another"}),
    "studio-endpoint-undeprecate": (Action.PRODUCTS_EDIT, {}),
    "studio-change-new": (Action.PRODUCTS_EDIT, {"title": "New"}),
    "studio-change": (Action.PRODUCTS_EDIT, {"title": "Other"}),
    "studio-change-publish": (Action.PRODUCTS_EDIT, {"published_on": "2025-01-01"}),
    "studio-change-unpublish": (Action.PRODUCTS_EDIT, {}),
    "studio-change-remove": (Action.PRODUCTS_EDIT, {}),
    "studio-question-new": (Action.PRODUCTS_EDIT, {"question": "New?", "answer": "Yes."}),
    "studio-question": (Action.PRODUCTS_EDIT, {"question": "Other?", "answer": "No."}),
    "studio-question-move": (Action.PRODUCTS_EDIT, {"up": "1"}),
    "studio-question-remove": (Action.PRODUCTS_EDIT, {}),
    "studio-channel-new": (Action.PRODUCTS_EDIT, {"kind": "email", "value": "new@example.com"}),
    "studio-channel": (Action.PRODUCTS_EDIT, {"kind": "phone", "value": "+49 30 1234567"}),
    "studio-channel-move": (Action.PRODUCTS_EDIT, {"up": "1"}),
    "studio-channel-remove": (Action.PRODUCTS_EDIT, {}),
    "studio-deprecate": (Action.PRODUCTS_PUBLISH, {"note": "Use another"}),
    "studio-undeprecate": (Action.PRODUCTS_PUBLISH, {}),
    "studio-retire": (Action.PRODUCTS_PUBLISH, {"confirm": "", "retires_on": "", "note": "x"}),
    "studio-retirement-off": (Action.PRODUCTS_PUBLISH, {}),
    "studio-logo": (Action.PRODUCTS_EDIT, {"logo": ""}),
    "studio-logo-remove": (Action.PRODUCTS_EDIT, {}),
    "studio-secret": (Action.PRODUCTS_EDIT, {}),
    "studio-secret-prepare": (Action.PRODUCTS_EDIT, {}),
    "studio-secret-activate": (Action.PRODUCTS_EDIT, {"confirm": ""}),
    "studio-secret-discard": (Action.PRODUCTS_EDIT, {}),
    "members": (Action.MEMBERS_MANAGE, {"email": "new@example.com", "role": "viewer"}),
    "member-role": (Action.MEMBERS_MANAGE, {"role": "viewer"}),
    "member-remove": (Action.MEMBERS_MANAGE, {}),
    "invitation-withdraw": (Action.MEMBERS_MANAGE, {}),
    "token-create": (Action.TOKENS_MANAGE, {"name": "CI", "scopes": ["keys:read"]}),
    # Of another member; everybody may revoke their own.
    "token-revoke": (Action.MEMBERS_MANAGE, {}),
    "settings": (Action.ORGANIZATION_MANAGE, {"name": "Other"}),
}  # fmt: skip


def posted(ours: World, name: str) -> dict[str, Any]:
    """The body of a POST, with what only this world knows."""
    body: dict[str, Any] = dict(WRITES[name][1]) if name in WRITES else {}
    if "tier" in body:
        body["tier"] = (ours.spare_tier if name == "studio-endpoints-move" else ours.tier).slug
    if "organization" in body:
        body["organization"] = ours.subscription.organization.slug
    if "retires_on" in body:
        body["retires_on"] = f"{clock.now() + dt.timedelta(days=30):%Y-%m-%d}"
    if "logo" in body:
        body["logo"] = SimpleUploadedFile("logo.gif", PICTURE)
    if "from" in body:
        body["from"] = PlanFactory(tier=ours.tier, slug=ours.plan.slug, version=0, withdrawn_at=clock.now()).public_id
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
    if name in ("studio-secret-activate", "studio-secret-discard"):
        ours.product.next_proxy_secret = "afps_next"
        ours.product.save()
    if name == "studio-change-unpublish":
        ours.change.published_at = clock.now()
        ours.change.save()
    if name == "studio-retirement-off":
        ours.product.retires_at, ours.product.status = clock.now() + dt.timedelta(days=30), "unpublished"
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
    if name == "studio-consumer-lift-ban":
        ConsumerBan.objects.create(
            product=ours.product, organization=ours.subscription.organization, banned_at=clock.now()
        )
    if name == "member-remove":
        # By another than the member, who may always leave.
        return {"member_id": ours.organization.memberships.get(user=ours.members[Role.VIEWER]).pk}
    return {}
