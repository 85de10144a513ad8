"""Platform endpoints that need no account: health, and the hello API that a first integration calls."""

from typing import NoReturn

from django.http import Http404, HttpRequest, JsonResponse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_ratelimit.decorators import ratelimit
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core import clock
from apps.core.health import readiness


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


class PingView(APIView):
    def get(self, request: Request) -> Response:
        return Response({"message": "pong", "time": clock.now().isoformat()})


class EchoView(APIView):
    """Answers with the JSON that was sent, so that a first integration can see its own request."""

    @method_decorator(ratelimit(key="ip", rate="120/m"))
    def post(self, request: Request) -> Response:
        return Response({"echo": request.data})


class UnknownView(APIView):
    """What has the prefix of the REST API and no view: not found, in the envelope, by every method."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> NoReturn:
        raise Http404
