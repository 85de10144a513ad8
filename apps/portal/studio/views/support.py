"""The editor of one support channel; the list is on the page `help_index.index`."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.permissions import Action
from apps.portal.access import PortalRequest
from apps.portal.forms import carried_out
from apps.portal.studio.access import product_page
from apps.portal.studio.forms.content import ChannelForm
from apps.portal.studio.views.help_index import back_to_help
from apps.products import services
from apps.products.models import Product, SupportChannel
from apps.products.selectors import get_support_channel


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def create(request: PortalRequest, product: Product) -> HttpResponse:
    actor = request.actor
    actor.require(Action.PRODUCTS_EDIT)
    form = ChannelForm(request.POST if request.method == "POST" else None, product=product)
    if form.is_valid():
        channel = carried_out(form, lambda: services.add_support_channel(actor=actor, product=product, **form.values()))
        if channel is not None:
            return back_to_help(request, product, _("Added the channel."))
    return _form_page(request, product, form)


@require_http_methods(["GET", "HEAD", "POST"])
@product_page
def edit(request: PortalRequest, product: Product, channel_id: str) -> HttpResponse:
    actor = request.actor
    actor.require(Action.PRODUCTS_EDIT)
    channel = get_support_channel(product, public_id=channel_id)
    form = ChannelForm(
        request.POST if request.method == "POST" else None, product=product, initial=ChannelForm.initial_of(channel)
    )
    if form.is_valid():
        changed = carried_out(
            form, lambda: services.update_support_channel(actor=actor, channel=channel, **form.values())
        )
        if changed is not None:
            return back_to_help(request, product, _("Saved."))
    return _form_page(request, product, form, channel)


@require_POST
@product_page
def move(request: PortalRequest, product: Product, channel_id: str) -> HttpResponse:
    channel = get_support_channel(product, public_id=channel_id)
    services.move_support_channel(actor=request.actor, channel=channel, by=-1 if "up" in request.POST else 1)
    return back_to_help(request, product)


@require_POST
@product_page
def remove(request: PortalRequest, product: Product, channel_id: str) -> HttpResponse:
    channel = get_support_channel(product, public_id=channel_id)
    services.remove_support_channel(actor=request.actor, channel=channel)
    return back_to_help(request, product, _("Removed."))


def _form_page(
    request: PortalRequest, product: Product, form: ChannelForm, channel: SupportChannel | None = None
) -> HttpResponse:
    context = {"product": product, "channel": channel, "form": form}
    return render(request, "studio/channel.html", context, status=422 if form.errors else 200)
