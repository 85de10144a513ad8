"""A real installation: everything comes from the environment, and what is missing is named before anything starts."""

from urllib.parse import urlsplit

from config import env
from config.deployment import mail_from_environment, require_complete
from config.settings import hashed_static
from config.settings.base import *
from config.settings.base import CSRF_TRUSTED_ORIGINS, WEB_URL

STORAGES = hashed_static.STORAGES
require_complete(files_in_folder=str(STORAGES["default"]["BACKEND"]).endswith(".FileSystemStorage"))

# --- Mail --------------------------------------------------------------------------------------
_mail = mail_from_environment()
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = _mail.host
EMAIL_PORT = _mail.port
EMAIL_HOST_USER = _mail.user
EMAIL_HOST_PASSWORD = _mail.password
EMAIL_USE_TLS = _mail.starttls
EMAIL_USE_SSL = _mail.tls
# A mail server that swallows packets is as good as away.
EMAIL_TIMEOUT = 10

# --- Transport security ------------------------------------------------------------------------
# An installation inside a company may be http: then nothing can insist on more.
HTTPS = WEB_URL.startswith("https://")
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = env.boolean("SECURE_SSL_REDIRECT", HTTPS)
# Probes come without a proxy in between, over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^_api/healthz$", r"^metrics$"]
SECURE_HSTS_SECONDS = env.integer("SECURE_HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.boolean("SECURE_HSTS_INCLUDE_SUBDOMAINS", False)
SECURE_HSTS_PRELOAD = env.boolean("SECURE_HSTS_PRELOAD", False)
# Whether other hosts of the domain speak HTTPS is the operator's to know: these two are choices, not faults.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
# The portal's own origin, also behind a proxy that changes the Host header.
_origin = "{0.scheme}://{0.netloc}".format(urlsplit(WEB_URL))
CSRF_TRUSTED_ORIGINS = [*CSRF_TRUSTED_ORIGINS, *({_origin} - {*CSRF_TRUSTED_ORIGINS})]
