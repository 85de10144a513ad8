"""The plans of a product: the list, and the form of one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.permissions import Action
from apps.core.errors import Conflict
from apps.plans.models import Plan
from apps.plans.selectors import get_plan, list_plans
from apps.plans.services import create_plan, publish_plan, revise_plan, withdraw_plan
from apps.portal.access import PortalRequest
from apps.portal.forms import carried_out
from apps.portal.marketplace.offers import offer
from apps.portal.rendering import render_page
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.plan_editor import PlanEditor
from apps.products.models import Product
from apps.products.selectors import count_endpoints_by_rank
from apps.subscriptions.selectors import count_live_subscriptions, count_subscribers


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    plans = list(list_plans(product))
    by_rank = count_endpoints_by_rank(product)
    context = {
        "product": product,
        "offers": [offer(plan, by_rank) for plan in plans],
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
    if request.method == "POST" and editor.is_valid():
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
    if request.method == "POST" and editor.is_valid():
        revised = carried_out(editor.form, lambda: revise_plan(actor=actor, plan=plan, spec=editor.spec()))
        if revised is not None:
            text = _("Version %(version)d of %(name)s is on sale.") if revised.is_on_sale else _("Changed %(name)s.")
            messages.success(request, text % {"name": revised.name, "version": revised.version})
            return redirect("portal:studio-plans", actor.organization.slug, product.slug)
    return _form_page(request, product, editor, plan)


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


def _posted_editor(request: PortalRequest, product: Product, plan: Plan | None = None) -> PlanEditor | None:
    if request.method != "POST":
        return None
    changed = PlanEditor.with_rows_changed(product, request.POST, plan)
    return changed or PlanEditor(product, plan=plan, data=request.POST)


def _form_page(request: PortalRequest, product: Product, editor: PlanEditor, plan: Plan | None) -> HttpResponse:
    context = {
        "product": product,
        "plan": plan,
        "editor": editor,
        "subscribers": count_subscribers(plan) if plan else 0,
    }
    return render_page(
        request, "studio/plan.html", context, fragment="plan-rows", status=422 if editor.has_errors else 200
    )
