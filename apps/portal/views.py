"""The front door, and what belongs to no part of the portal."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from apps.portal.landing import CHECKS, REPLY_HEAD, sample_call
from apps.portal.links import is_own_path
from apps.portal.theme import COOKIE, COOKIE_SECONDS, THEMES
from apps.products.selectors import list_listed_products
from apps.subscriptions.selectors import get_home_organization

NEWEST = 5


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The landing page; for members, their dashboard."""
    if request.user.is_authenticated:
        organization = get_home_organization(request.user)
        return redirect("portal:dashboard", organization.slug)
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
