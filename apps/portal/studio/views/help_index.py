"""Help that consumers find: the page that lists the questions and the support channels."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from apps.portal.access import PortalRequest
from apps.portal.studio.access import product_page
from apps.products.models import Product
from apps.products.selectors import list_faq, list_support_channels


@require_safe
@product_page
def index(request: PortalRequest, product: Product) -> HttpResponse:
    context = {
        "product": product,
        "questions": list(list_faq(product)),
        "channels": list(list_support_channels(product)),
    }
    return render(request, "studio/help.html", context)


def back_to_help(request: PortalRequest, product: Product, message: str = "") -> HttpResponse:
    """Where one is after a change of a question or a channel."""
    if message:
        messages.success(request, message)
    return redirect("portal:studio-help", request.actor.organization.slug, product.slug)
