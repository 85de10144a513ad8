"""What the portal answers when the domain refuses and the view did not say it better."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render

from apps.core.errors import DomainError, NotFound
from apps.portal.links import is_own_path

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
