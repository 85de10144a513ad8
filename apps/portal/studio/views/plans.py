"""The plans of a product: the list, and the form of one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.permissions import Action
from apps.core.errors import Conflict, Invalid
from apps.plans.models import Plan
from apps.plans.selectors import count_subscribers_by_slug, get_grant, get_plan, list_grants, list_plans, list_versions
from apps.plans.services import create_plan, grant_plan, publish_plan, revise_plan, revoke_grant, withdraw_plan
from apps.portal.access import PortalRequest
from apps.portal.forms import carried_out
from apps.portal.marketplace.offers import offer
from apps.portal.rendering import render_page
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.plan_editor import PlanEditor
from apps.portal.studio.views.simulation import simulation
from apps.products.models import Product
from apps.products.selectors import count_endpoints_by_rank
from apps.subscriptions.selectors import count_live_subscriptions, count_subscribers
from apps.subscriptions.services import migrate_subscribers

# The part of the form's page that says in words what happens beyond the quota.
SENTENCE = "overage-sentence"
# The parts that are asked for with a row more or less.
ROWS, PRICE_TIERS = "plan-rows", "price-tiers"


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    plans = list(list_plans(product))
    by_rank, subscribers = count_endpoints_by_rank(product), count_subscribers_by_slug(product)
    context = {
        "product": product,
        # With the subscribers of all versions of each.
        "offers": [(offer(plan, by_rank), subscribers[plan.slug]) for plan in plans],
        "on_sale": sum(plan.is_on_sale for plan in plans),
        "subscribers": count_live_subscriptions([product]).get(product.pk, 0),
    }
    return render(request, "studio/plans.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def create(request: PortalRequest, product: Product) -> HttpResponse:
    """A new plan: a draft, or on sale at once where that button was pressed."""
    actor = request.actor
    actor.require(Action.PLANS_EDIT)
    editor = _posted_editor(request, product) or PlanEditor.blank(product)
    if _saves(request) and editor.is_valid():
        plan = carried_out(editor.form, lambda: create_plan(actor=actor, product=product, spec=editor.spec()))
        if plan is not None and "publish" in request.POST:
            plan = publish_plan(actor=actor, plan=plan)
        if plan is not None:
            messages.success(request, _("Created the plan %(name)s.") % {"name": plan.name})
            return redirect("portal:studio-plans", actor.organization.slug, product.slug)
    return _form_page(request, product, editor, None)


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def edit(request: PortalRequest, product: Product, plan_id: str) -> HttpResponse:
    """The current version of a plan; what is saved replaces a draft, and follows a version on sale."""
    actor = request.actor
    actor.require(Action.PLANS_EDIT)
    plan = get_plan(product, public_id=plan_id)
    if plan.withdrawn_at is not None:
        raise Conflict(_("This version has been replaced or withdrawn. Change the current one."))
    editor = _posted_editor(request, product, plan) or PlanEditor.of(product, plan)
    if "simulate" in request.POST and plan.is_on_sale and editor.is_valid():
        return simulation(request, actor, product, plan, editor) or _form_page(request, product, editor, plan)
    if _saves(request) and editor.is_valid():
        revised = carried_out(editor.form, lambda: revise_plan(actor=actor, plan=plan, spec=editor.spec()))
        if revised is not None:
            text = _("Version %(version)d of %(name)s is on sale.") if revised.is_on_sale else _("Changed %(name)s.")
            messages.success(request, text % {"name": revised.name, "version": revised.version})
            return redirect("portal:studio-plans", actor.organization.slug, product.slug)
    return _form_page(request, product, editor, plan)


@require_POST
@product_page
def grant(request: PortalRequest, product: Product, plan_id: str) -> HttpResponse:
    """Name an organization for the plan."""
    plan = get_plan(product, public_id=plan_id)
    try:
        named = grant_plan(actor=request.actor, plan=plan, organization_slug=request.POST.get("organization", ""))
    except Invalid as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("%(name)s may subscribe to it.") % {"name": named.organization.name})
    return _back_to_plan(request, product, plan_id)


@require_POST
@product_page
def revoke(request: PortalRequest, product: Product, plan_id: str) -> HttpResponse:
    """Take the plan back from an organization; who is subscribed stays."""
    request.actor.require(Action.PLANS_EDIT)
    plan = get_plan(product, public_id=plan_id)
    named = get_grant(plan, organization_slug=request.POST.get("organization", ""))
    revoke_grant(actor=request.actor, plan=plan, organization=named.organization)
    messages.success(request, _("%(name)s may not subscribe to it any more.") % {"name": named.organization.name})
    return _back_to_plan(request, product, plan_id)


@require_POST
@product_page
def publish(request: PortalRequest, product: Product, plan_id: str) -> HttpResponse:
    plan = publish_plan(actor=request.actor, plan=get_plan(product, public_id=plan_id))
    messages.success(request, _("%(name)s is on sale.") % {"name": plan.name})
    return redirect("portal:studio-plans", request.actor.organization.slug, product.slug)


@require_POST
@product_page
def withdraw(request: PortalRequest, product: Product, plan_id: str) -> HttpResponse:
    plan = withdraw_plan(actor=request.actor, plan=get_plan(product, public_id=plan_id))
    messages.success(request, _("%(name)s is off sale.") % {"name": plan.name})
    return redirect("portal:studio-plans", request.actor.organization.slug, product.slug)


@require_POST
@product_page
def migrate(request: PortalRequest, product: Product, plan_id: str) -> HttpResponse:
    """Move the subscribers of an older version to this one."""
    request.actor.require(Action.PLANS_EDIT)
    to = get_plan(product, public_id=plan_id)
    older = get_plan(product, public_id=request.POST.get("from", ""))
    count = migrate_subscribers(actor=request.actor, plan=older, to=to, when=request.POST.get("when", ""))
    text = ngettext("%(count)d subscriber is moved.", "%(count)d subscribers are moved.", count)
    messages.success(request, text % {"count": count})
    return _back_to_plan(request, product, plan_id)


def _back_to_plan(request: PortalRequest, product: Product, plan_id: str) -> HttpResponse:
    return redirect("portal:studio-plan", request.actor.organization.slug, product.slug, plan_id)


def _posted_editor(request: PortalRequest, product: Product, plan: Plan | None = None) -> PlanEditor | None:
    if request.method != "POST":
        return None
    changed = PlanEditor.with_rows_changed(product, request.POST, plan)
    return changed or PlanEditor(product, plan=plan, data=request.POST)


def _asks_for_sentence(request: PortalRequest) -> bool:
    """Whether the form was sent to read what it says so far, and not to be saved."""
    return request.method == "POST" and bool(request.htmx) and request.htmx.target == SENTENCE


def _saves(request: PortalRequest) -> bool:
    return request.method == "POST" and "simulate" not in request.POST and not _asks_for_sentence(request)


def _form_page(request: PortalRequest, product: Product, editor: PlanEditor, plan: Plan | None) -> HttpResponse:
    context = {
        "product": product,
        "plan": plan,
        "editor": editor,
        "subscribers": count_subscribers(plan) if plan else 0,
        "grants": list_grants(plan) if plan else [],
        "versions": list_versions(plan) if plan else [],
    }
    if _asks_for_sentence(request):
        return render(request, f"studio/plan.html#{SENTENCE}", context)
    fragment = PRICE_TIERS if request.htmx and request.htmx.target == PRICE_TIERS else ROWS
    return render_page(
        request, "studio/plan.html", context, fragment=fragment, status=422 if editor.has_errors else 200
    )
