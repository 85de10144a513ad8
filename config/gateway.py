"""The `gateway` process (ASGI): the calls of consumers, checked, forwarded and counted.

`Procfile` has its command line: uvicorn with a protocol class of our own and without its WebSocket, log and headers.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
django.setup()

from apps.gateway.asgi import GatewayHandler  # noqa: E402
from apps.gateway.runtime import runtime_from_settings  # noqa: E402
from apps.usage.counters.client import CountersClient  # noqa: E402

application = GatewayHandler(
    urlconf="config.gateway_urls",
    runtime=runtime_from_settings(CountersClient()),
)
