"""The editor of one question that consumers often ask; the list is on the page `help_index.index`."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.permissions import Action
from apps.portal.access import PortalRequest
from apps.portal.forms import carried_out
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.content import QuestionForm
from apps.portal.studio.views.help_index import back_to_help
from apps.products import services
from apps.products.models import FaqEntry, Product
from apps.products.selectors import get_faq_entry


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def create(request: PortalRequest, product: Product) -> HttpResponse:
    actor = request.actor
    actor.require(Action.PRODUCTS_EDIT)
    form = QuestionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        entry = carried_out(form, lambda: services.add_faq_entry(actor=actor, product=product, **form.cleaned_data))
        if entry is not None:
            return back_to_help(request, product, _("Added the question."))
    return _form_page(request, product, form)


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def edit(request: PortalRequest, product: Product, question_id: str) -> HttpResponse:
    actor = request.actor
    actor.require(Action.PRODUCTS_EDIT)
    entry = get_faq_entry(product, public_id=question_id)
    initial = {"question": entry.question, "answer": entry.answer}
    form = QuestionForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        changed = carried_out(form, lambda: services.update_faq_entry(actor=actor, entry=entry, **form.cleaned_data))
        if changed is not None:
            return back_to_help(request, product, _("Saved."))
    return _form_page(request, product, form, entry)


@require_POST
@product_page
def move(request: PortalRequest, product: Product, question_id: str) -> HttpResponse:
    entry = get_faq_entry(product, public_id=question_id)
    services.move_faq_entry(actor=request.actor, entry=entry, by=-1 if "up" in request.POST else 1)
    return back_to_help(request, product)


@require_POST
@product_page
def remove(request: PortalRequest, product: Product, question_id: str) -> HttpResponse:
    services.remove_faq_entry(actor=request.actor, entry=get_faq_entry(product, public_id=question_id))
    return back_to_help(request, product, _("Removed."))


def _form_page(
    request: PortalRequest, product: Product, form: QuestionForm, entry: FaqEntry | None = None
) -> HttpResponse:
    context = {"product": product, "entry": entry, "form": form}
    return render(request, "studio/question.html", context, status=422 if form.errors else 200)
