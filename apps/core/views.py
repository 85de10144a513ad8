"""Platform endpoints that need no account: health, metrics, and what answers at unknown addresses of the REST API."""

from typing import NoReturn

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.core.health import readiness
from apps.core.metrics import CONTENT_TYPE, exposition, may_read_metrics


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the process is alive and reaches Postgres and Redis, else 503. `?live` asks only for the first."""
    if "live" in request.GET:
        return JsonResponse({"status": "ok", "live": True})
    checks = readiness()
    ready = all(checks.values())
    body = {"status": "ok" if ready else "unavailable", "live": True, "ready": ready, "checks": checks}
    return JsonResponse(body, status=200 if ready else 503)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """What Prometheus reads. Who may not read it finds nothing here."""
    if not may_read_metrics(request):
        raise Http404
    return HttpResponse(exposition(), content_type=CONTENT_TYPE)


class UnknownView(APIView):
    """What has the prefix of the REST API and no view: not found, in the envelope, by every method."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> NoReturn:
        raise Http404
