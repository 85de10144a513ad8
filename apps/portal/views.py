"""The front door, and what belongs to no part of the portal."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.selectors import get_actor
from apps.portal.landing import CHECKS, REPLY_HEAD, sample_call
from apps.portal.links import is_own_path
from apps.portal.theme import COOKIE, COOKIE_SECONDS, THEMES
from apps.products.selectors import has_products, list_listed_products
from apps.subscriptions.selectors import get_home_organization, list_live_subscriptions

NEWEST = 5


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The landing page; for members, the dashboard of what they use, or their products where they only sell."""
    if request.user.is_authenticated:
        organization = get_home_organization(request.user)
        actor = get_actor(user=request.user, organization_slug=organization.slug)
        only_sells = has_products(actor) and not list_live_subscriptions(actor).exists()
        return redirect("portal:studio" if only_sells else "portal:dashboard", organization.slug)
    newest = list(list_listed_products()[:NEWEST])
    context = {"newest": newest, "checks": CHECKS, "call": sample_call(newest), "reply": REPLY_HEAD}
    return render(request, "landing.html", context)


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Without a script, the switch posts here; with one, `theme.js` sets the same cookie."""
    theme = request.POST.get("theme", "")
    back = request.POST.get("next", "")
    response = HttpResponseRedirect(back if is_own_path(back) else reverse("portal:home"))
    if theme in THEMES:
        response.set_cookie(COOKIE, theme, max_age=COOKIE_SECONDS, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie(COOKIE)
    return response
