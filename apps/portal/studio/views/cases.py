"""Calls that consumers dispute: what they say, and the creator's answer."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from apps.billing import services
from apps.billing.evidence import evidence_of
from apps.billing.models import UsageCase
from apps.billing.selectors import get_product_case, list_product_cases
from apps.portal.access import PortalRequest
from apps.portal.billing.forms import AnswerForm
from apps.portal.forms import carried_out
from apps.portal.studio.access import product_page
from apps.products.models import Product

PAGE_SIZE = 25


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    page = Paginator(list_product_cases(request.actor, product), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "studio/cases.html", {"product": product, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def detail(request: PortalRequest, product: Product, case_id: str) -> HttpResponse:
    """One case; posted to, it is accepted (with an amount) or refused."""
    case = get_product_case(request.actor, product, public_id=case_id)
    invoice = case.line.invoice
    form = AnswerForm(
        request.POST if request.method == "POST" else None, currency=invoice.currency, asked=case.asked_amount
    )
    if form.is_valid() and _answer(request, case, form):
        messages.success(request, _("%(consumer)s is told.") % {"consumer": invoice.organization.name})
        return redirect("portal:studio-case", request.actor.organization.slug, product.slug, case.public_id)
    context = {"product": product, "case": case, "invoice": invoice, "form": form, "evidence": evidence_of(case.line)}
    return render(request, "studio/case.html", context, status=422 if form.errors else 200)


def _answer(request: PortalRequest, case: UsageCase, form: AnswerForm) -> UsageCase | None:
    actor, answer, amount = request.actor, form.cleaned_data["answer"], form.cleaned_data["amount"]
    if request.POST.get("decision") == "accept":
        return carried_out(form, lambda: services.accept_case(actor=actor, case=case, amount=amount, answer=answer))
    return carried_out(form, lambda: services.refuse_case(actor=actor, case=case, answer=answer))
