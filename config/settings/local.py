"""Development and the demo: what `make up` runs."""

from config import env
from config.embedded.discovery import local_secret
from config.settings.base import *
from config.settings.base import LOCAL_DIR

DEBUG = env.boolean("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY", "") or local_secret(LOCAL_DIR)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1],testserver")
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = LOCAL_DIR / "mailbox"
DEVELOPMENT_MAILBOX = True
SANDBOX_CLOCK = True
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
