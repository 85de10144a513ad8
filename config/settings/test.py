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
# Stripe is set up beside the sandbox, and asked in those tests only that run beside a fake server.
STRIPE_SECRET_KEY = "sk_test_" + "0" * 24
STRIPE_WEBHOOK_SECRETS = ["whsec_tests_old", "whsec_tests_new"]
STRIPE_API_URL = "http://127.0.0.1:9"
INSTALLED_APPS = ["djstripe", *INSTALLED_APPS]
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
MIGRATION_MODULES = {"djstripe": None}
DATABASE_ROUTERS = ["tests.stripe_tables.WhenAskedFor"]
# Files that a test uploads are gone with its process.
STORAGES = {**STORAGES, "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}}
# Tests that look at the spool say where theirs is.
USAGE_SPOOL_DIR = None
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
