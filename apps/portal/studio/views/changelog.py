"""The changelog of a product: drafts, what is published, and the editor of one entry."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.permissions import Action
from apps.core import clock, markdown
from apps.core.errors import Invalid
from apps.portal.access import PortalRequest
from apps.portal.forms import carried_out
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.content import ChangeForm, PublishChangeForm
from apps.products import services
from apps.products.models import ChangelogEntry, Product
from apps.products.selectors import get_changelog_entry, list_all_changelog_entries

PAGE_SIZE = 30


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    page = Paginator(list_all_changelog_entries(product), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "studio/changelog.html", {"product": product, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def create(request: PortalRequest, product: Product) -> HttpResponse:
    actor = request.actor
    actor.require(Action.PRODUCTS_EDIT)
    form = ChangeForm(request.POST if request.method == "POST" else None, initial={"version": product.version})
    if form.is_valid():
        entry = carried_out(
            form, lambda: services.add_changelog_entry(actor=actor, product=product, **form.cleaned_data)
        )
        if entry is not None:
            messages.success(request, _("Saved as a draft."))
            return redirect("portal:studio-change", actor.organization.slug, product.slug, entry.public_id)
    return _form_page(request, product, form)


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def edit(request: PortalRequest, product: Product, change_id: str) -> HttpResponse:
    actor = request.actor
    actor.require(Action.PRODUCTS_EDIT)
    entry = get_changelog_entry(product, public_id=change_id)
    initial = {"title": entry.title, "version": entry.version, "body": entry.body}
    form = ChangeForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        changed = carried_out(
            form, lambda: services.update_changelog_entry(actor=actor, entry=entry, **form.cleaned_data)
        )
        if changed is not None:
            messages.success(request, _("Saved."))
            return redirect("portal:studio-change", actor.organization.slug, product.slug, entry.public_id)
    return _form_page(request, product, form, entry)


@require_POST
@product_page
def publish(request: PortalRequest, product: Product, change_id: str) -> HttpResponse:
    entry = get_changelog_entry(product, public_id=change_id)
    form = PublishChangeForm(request.POST)
    if not form.is_valid():
        raise Invalid(_("Give a date such as 2026-05-01."), field="published_on")
    published_at = form.published_at(clock.now())
    services.publish_changelog_entry(actor=request.actor, entry=entry, published_at=published_at)
    messages.success(request, _("Published. Subscribers are told once."))
    return redirect("portal:studio-changelog", request.actor.organization.slug, product.slug)


@require_POST
@product_page
def unpublish(request: PortalRequest, product: Product, change_id: str) -> HttpResponse:
    entry = get_changelog_entry(product, public_id=change_id)
    services.unpublish_changelog_entry(actor=request.actor, entry=entry)
    messages.success(request, _("It is a draft again."))
    return redirect("portal:studio-change", request.actor.organization.slug, product.slug, entry.public_id)


@require_POST
@product_page
def remove(request: PortalRequest, product: Product, change_id: str) -> HttpResponse:
    services.remove_changelog_entry(actor=request.actor, entry=get_changelog_entry(product, public_id=change_id))
    messages.success(request, _("Removed."))
    return redirect("portal:studio-changelog", request.actor.organization.slug, product.slug)


def _form_page(
    request: PortalRequest, product: Product, form: ChangeForm, entry: ChangelogEntry | None = None
) -> HttpResponse:
    context = {
        "product": product,
        "entry": entry,
        "form": form,
        "publish_form": PublishChangeForm(),
        "preview": markdown.render(entry.body) if entry else "",
    }
    return render(request, "studio/change.html", context, status=422 if form.errors else 200)
