"""Where Stripe sends its events."""

import json
import logging
import time
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from apps.payments import services
from apps.payments.providers.stripe.signatures import SignatureRefused, verify

# Stripe's largest events have a fraction of this.
BODY_MAX = 1024 * 1024

logger = logging.getLogger(__name__)


@method_decorator(csrf_exempt, name="dispatch")
class StripeWebhookView(View):
    """Stores what Stripe has signed, and answers; a task does the rest.

    200 also for what is known already and for what is none of ours, so that Stripe does not send it again.
    """

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        if not (settings.STRIPE_SECRET_KEY and settings.STRIPE_WEBHOOK_SECRETS):
            raise Http404
        # Bytes as they came: the signature is over these.
        body = request.read(BODY_MAX + 1)
        if len(body) > BODY_MAX:
            return _refusal(413, "payload_too_large", f"An event has {BODY_MAX} bytes at most.")
        try:
            header = request.headers.get("Stripe-Signature", "")
            verify(body, header, settings.STRIPE_WEBHOOK_SECRETS, now=time.time())
            event = _parsed(body)
        except (SignatureRefused, ValueError) as error:
            logger.warning("a message to Stripe's webhook is refused: %s", error)
            return _refusal(400, "webhook_refused", str(error))
        taken = services.take_event(event=event)
        return JsonResponse({"received": True, "ignored": taken is None})


def _parsed(body: bytes) -> dict[str, Any]:
    event = json.loads(body)
    if not (isinstance(event, dict) and event.get("object") == "event"):
        raise ValueError("this is not an event")
    if not all(isinstance(event.get(name), str) for name in ("id", "type")) or not isinstance(event.get("data"), dict):
        raise ValueError("the event has no id, type or data")
    return event


def _refusal(status: int, code: str, message: str) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)
