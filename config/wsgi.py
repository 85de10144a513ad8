"""The `web` process: portal, REST API, admin. The gateway is a process of its own (`config.gateway`)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
application = get_wsgi_application()
