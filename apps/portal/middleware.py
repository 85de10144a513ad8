"""What the portal answers when a view did not say it better: the domain refuses, or an address only takes forms."""

from collections.abc import Callable

from django.contrib import messages
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import render

from apps.core.errors import DomainError, NotFound
from apps.portal.links import is_own_path, page_above

REST_PREFIX = "/api/"


class DomainErrorMiddleware:
    """Not found is the 404 page; a refused form goes back to its page with the reason; else a page that says it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, DomainError) or request.path.startswith(REST_PREFIX):
            return None
        if isinstance(error, NotFound):
            raise Http404(error.message) from error
        back = request.POST.get("back", "")
        if request.method == "POST" and is_own_path(back):
            messages.error(request, error.message)
            return HttpResponseRedirect(back)
        return render(request, "refused.html", {"error": error}, status=error.status)


class MethodNotAllowedMiddleware:
    """Who opens the address of a form (from the history, say) finds a page with a way back, not an empty answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        match = request.resolver_match
        if not isinstance(response, HttpResponseNotAllowed) or match is None or match.namespace != "portal":
            return response
        page = render(request, "405.html", {"back": page_above(request.path)}, status=response.status_code)
        page["Allow"] = response["Allow"]
        return page
