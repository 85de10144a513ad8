"""Tests: the same engines as everywhere, cheaper passwords, mail in memory, jobs at once."""

from config.settings.base import *
from config.settings.base import BASE_DIR

SECRET_KEY = "tests-only-secret-key-of-fifty-characters-0123456789"
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
DEVELOPMENT_MAILBOX = True
EMAIL_FILE_PATH = BASE_DIR / ".local" / "test-mailbox"
SANDBOX_CLOCK = True
# Files that a test uploads are gone with its process.
STORAGES = {**STORAGES, "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
