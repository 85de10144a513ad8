"""What every environment shares. Values come from the environment; see `.env.example`."""

from decimal import Decimal
from pathlib import Path

import dj_database_url
import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from apps.core.countries import COUNTRIES, EU_COUNTRIES
from apps.core.rest.components import COMPONENTS, DESCRIPTION, TAGS
from config import env
from config.embedded.discovery import FAKE_KEY, fake_stripe_url, own_url, service_url
from config.taxes import tax_problem

# Lets annotations such as QuerySet[Product] stand in code that runs.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent.parent
LOCAL_DIR = Path(env.text("LOCAL_DIR", "") or BASE_DIR / ".local").resolve()

DEBUG = False
SECRET_KEY = env.text("SECRET_KEY", "")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

# As in pyproject.toml, for `/metrics`.
VERSION = "0.1.0"

# --- Addresses of the installation -------------------------------------------------------------
# On a laptop, other processes (`make advance`) learn from the supervisor where it runs.
WEB_URL = (env.text("WEB_URL", "") or own_url(LOCAL_DIR, "web") or "http://127.0.0.1:8000").rstrip("/")
GATEWAY_URL = (env.text("GATEWAY_URL", "") or own_url(LOCAL_DIR, "gateway") or "http://127.0.0.1:8001").rstrip("/")

# --- Applications ------------------------------------------------------------------------------
INSTALLED_APPS = [
    "apps.core.staff.config.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.headless",
    "csp",
    "django_htmx",
    # The "simple" configurations leave TEMPLATES alone: both would otherwise replace the loaders below.
    "django_cotton.apps.SimpleAppConfig",
    "template_partials.apps.SimpleAppConfig",
    "rest_framework",
    "drf_spectacular",
    # Swagger UI and Redoc as static files of our own: nothing is fetched from elsewhere.
    "drf_spectacular_sidecar",
    "apps.core",
    "apps.accounts",
    "apps.ledger",
    "apps.payments",
    "apps.notifications",
    "apps.products",
    "apps.plans",
    "apps.subscriptions",
    "apps.keys",
    "apps.usage",
    "apps.billing",
    "apps.payouts",
    "apps.gateway",
    "apps.portal",
    "apps.demo",
]

MIDDLEWARE = [
    "apps.core.middleware.RequestMetricsMiddleware",
    "apps.core.middleware.ForwardedSchemeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "apps.core.middleware.FormEncodingMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.portal.middleware.MethodNotAllowedMiddleware",
    "apps.portal.middleware.DomainErrorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django_cotton.cotton_loader.Loader",
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "django_cotton.templatetags.cotton",
                "template_partials.templatetags.partials",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.portal.context.portal",
            ],
        },
    }
]
COTTON_DIR = "components"
# A component sees what it is given and the context processors, never the variables of the page around it.
COTTON_ISOLATE_BY_DEFAULT = True

# --- Data --------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL", "") or service_url(LOCAL_DIR, "postgres")
REDIS_URL = env.text("REDIS_URL", "") or service_url(LOCAL_DIR, "redis")
# Counters, broker and cache may live apart; each defaults to REDIS_URL.
COUNTERS_URL = env.text("COUNTERS_URL", "") or REDIS_URL
BROKER_URL = env.text("BROKER_URL", "") or REDIS_URL
CACHE_URL = env.text("CACHE_URL", "") or REDIS_URL

_database = dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True)
DATABASES = {
    "default": {
        **_database,
        "ATOMIC_REQUESTS": False,
        # A host that swallows packets is as good as away; without this, a request would hang for minutes.
        "OPTIONS": {"connect_timeout": 5} | _database.get("OPTIONS", {}),
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": "af:cache",
    }
}

# --- Accounts ----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
ACCOUNT_ADAPTER = "apps.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
# One address each: a new one takes the place of the old when it is verified.
ACCOUNT_CHANGE_EMAIL = True
# A stolen session is not to become a stolen account: the address changes only once the password is given again,
# and the person hears of it.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Sign-in for programs of people (`/_allauth/app/v1/`): a session token, and a JWT that ends with its session.
HEADLESS_CLIENTS = ("app",)
HEADLESS_TOKEN_STRATEGY = "allauth.headless.tokens.strategies.jwt.JWTTokenStrategy"
HEADLESS_JWT_ALGORITHM = "HS256"
HEADLESS_JWT_STATEFUL_VALIDATION_ENABLED = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "API Factory"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "portal:home"
ACCOUNT_LOGOUT_REDIRECT_URL = "portal:home"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

# --- Mail --------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "API Factory <noreply@api-factory.invalid>")

# --- Language and time -------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- Static files ------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", "") or LOCAL_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "config.staticfiles.ProjectStaticFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]

# --- Files that people upload ------------------------------------------------------------------
# A storage of Django's or of a package such as django-storages, by its dotted path, and its options as JSON.
STORAGES: dict[str, dict[str, object]] = {
    "default": {
        "BACKEND": env.text("MEDIA_STORAGE", "") or "django.core.files.storage.FileSystemStorage",
        "OPTIONS": env.mapping("MEDIA_STORAGE_OPTIONS"),
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# A folder that all web processes share.
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", "") or LOCAL_DIR / "media")
MEDIA_URL = env.text("MEDIA_URL", "") or "/media/"

# --- Catalogue ---------------------------------------------------------------------------------
# How many days a product with subscribers goes on at least after its end was announced.
PRODUCT_RETIREMENT_DAYS = env.integer("PRODUCT_RETIREMENT_DAYS", 14)

# --- Stripe --------------------------------------------------------------------------------------
# Stripe, where it has a key: `sk_test_…` moves no money, `sk_live_…` does. Then it is who moves the money.
_fake_stripe = "" if env.text("STRIPE_SECRET_KEY", "") else fake_stripe_url(LOCAL_DIR)
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY", "") or (FAKE_KEY if _fake_stripe else "")
# Each webhook endpoint signs with its own secret; while one is changed both of its secrets are here.
STRIPE_WEBHOOK_SECRETS = env.words("STRIPE_WEBHOOK_SECRETS")
# Another address of Stripe's API, such as that of a fake server; empty for Stripe's own.
STRIPE_API_URL = env.text("STRIPE_API_URL", "").rstrip("/") or _fake_stripe
# What this product was written for and tested with; a newer one is a change of the code.
STRIPE_API_VERSION = "2026-08-26.dahlia"
STRIPE_LIVE_MODE = STRIPE_SECRET_KEY.startswith(("sk_live_", "rk_live_"))
PROVIDER_PAGES: list[str] = []
if STRIPE_SECRET_KEY:
    # It keeps a copy of what Stripe has. Nothing of ours refers to its tables.
    INSTALLED_APPS.insert(INSTALLED_APPS.index("apps.core"), "djstripe")
    DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
    # Checkout, the onboarding of creators, and the pages of banks.
    PROVIDER_PAGES = ["https://checkout.stripe.com", "https://connect.stripe.com", "https://hooks.stripe.com"]
    if STRIPE_API_URL:
        STRIPE_API_HOST = STRIPE_API_URL
        # That this is meant.
        SILENCED_SYSTEM_CHECKS = ["djstripe.W002"]
        PROVIDER_PAGES = [STRIPE_API_URL]

# --- Security ----------------------------------------------------------------------------------
X_FRAME_OPTIONS = "DENY"
# What ForwardedSchemeMiddleware found, by the rule of `apps.core.peers`; never what a client sent.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # A storage of its own shows its pictures from its own host.
        "img-src": [SELF, "data:", *([MEDIA_URL] if "://" in MEDIA_URL else [])],
        "font-src": [SELF],
        "connect-src": [SELF],
        # A form may end on a page of the payment provider.
        "form-action": [SELF, *PROVIDER_PAGES],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- REST API ----------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["apps.core.envelope.EnvelopeRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.parsers.JSONBodyParser"],
    "EXCEPTION_HANDLER": "apps.core.envelope.exception_handler",
    "UNAUTHENTICATED_USER": None,
    # No `?format=`: there is one format.
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_SCHEMA_CLASS": "apps.core.rest.schema.OperationSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "API Factory",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "APPEND_COMPONENTS": COMPONENTS,
    "TAGS": TAGS,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [],
    "SERVERS": [{"url": WEB_URL}],
}
# Requests of a minute: of one token or person, and of one address that is not signed in.
REST_RATE_CALLER = env.text("REST_RATE_CALLER", "600/m")
REST_RATE_ADDRESS = env.text("REST_RATE_ADDRESS", "120/m")
# What Prometheus sends as its bearer token to `/metrics`; without one, only this machine may read it.
METRICS_TOKEN = env.text("METRICS_TOKEN", "")

# The same answer as everywhere to the question whose request this is.
RATELIMIT_IP_META_KEY = "apps.core.client.client_address"

# --- Jobs --------------------------------------------------------------------------------------
CELERY_BROKER_URL = BROKER_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# --- Gateway -----------------------------------------------------------------------------------
# Exact ip:port pairs that a backend may have although the address is private; empty by default.
UPSTREAM_ALLOW = env.words("UPSTREAM_ALLOW")
# How many proxies in front of gateway and web may be believed about who calls, and by which scheme (`apps.core.peers`).
TRUSTED_PROXY_HOPS = env.integer("TRUSTED_PROXY_HOPS", 0)
# Calls that one gateway process has in flight at most, a quarter of them of one subscription; more are answered 503.
GATEWAY_MAX_CONCURRENT = env.integer("GATEWAY_MAX_CONCURRENT", 2000)
# Keys that nobody has, from one IPv4 address or IPv6 /64 in a minute, before such are answered 429 unseen; 0: no limit.
GATEWAY_UNKNOWN_KEYS_MAX = env.integer("GATEWAY_UNKNOWN_KEYS_MAX", 30)
# Where gateway processes write down, while Redis is away, what they have counted: a folder of this host that outlives
# them, shared by all of them. "none": calls that Redis would only count are refused with the others then.
_spool = env.text("USAGE_SPOOL_DIR", "") or str(LOCAL_DIR / "spool")
USAGE_SPOOL_DIR = None if _spool == "none" else Path(_spool)
# Calls with test keys of one subscription in any hour; they take none of what its plan allows.
TEST_CALLS_PER_HOUR = env.integer("TEST_CALLS_PER_HOUR", 100)
# Keys that one gateway process remembers at most; those called last are kept, others are read from Postgres again.
GATEWAY_KEYS_MAX = env.integer("GATEWAY_KEYS_MAX", 200_000)
# Where `load_demo` finds the backends of the demo marketplace.
DEMO_BACKENDS = {
    "weather": env.text("WEATHER_URL", ""),
    "httpbin": env.text("HTTPBIN_URL", ""),
    "hello": env.text("HELLO_URL", ""),
}
# The host below which each product has a name of its own: <product slug>.<gateway domain>.
GATEWAY_DOMAIN = env.text("GATEWAY_DOMAIN", "")

# --- Billing -----------------------------------------------------------------------------------
# Who moves the money. The sandbox takes test cards only and moves none.
PAYMENT_PROVIDER = env.text("PAYMENT_PROVIDER", "") or ("stripe" if STRIPE_SECRET_KEY else "sandbox")
# The platform's share of what consumers pay, in percent; the rest is the creator's.
PLATFORM_COMMISSION_PERCENT = Decimal(env.text("PLATFORM_COMMISSION_PERCENT", "10"))
# Hosting that creators pay for: the slug of the product that sells it, which belongs to the platform's own
# organization. Empty: off.
HOSTING_PRODUCT = env.text("HOSTING_PRODUCT", "")
# How many products an organization without a hosting plan may publish.
HOSTING_FREE_PRODUCTS = env.integer("HOSTING_FREE_PRODUCTS", 1)
# How many days after a charge failed the default card is tried again; after the last time the subscription is unpaid.
DUNNING_DAYS = env.integers("DUNNING_DAYS", "1,3,5,7")
# How many days later an unpaid subscription is canceled.
UNPAID_DAYS = env.integer("UNPAID_DAYS", 30)
# Who issues the invoices: the name on them, and the lines of the address below it.
INVOICE_ISSUER_NAME = env.text("INVOICE_ISSUER_NAME", "API Factory")
INVOICE_ISSUER_ADDRESS = env.text("INVOICE_ISSUER_ADDRESS", "")
# How sales are taxed: `none`, `rates` (those that staff keep in the admin, by the buyer's country), or by `stripe`.
TAX_MODE = env.choice("TAX_MODE", ("none", "rates", "stripe"))
# What is sold, in Stripe's words (https://docs.stripe.com/tax/tax-codes): electronic services in general.
STRIPE_TAX_CODE = env.text("STRIPE_TAX_CODE", "txcd_10000000")
# Whether the prices of plans contain the tax, or it comes on top of them.
TAX_INCLUSIVE = env.boolean("TAX_INCLUSIVE", False)
# The country of the issuer, two letters, and its own tax id.
TAX_ISSUER_COUNTRY = env.text("TAX_ISSUER_COUNTRY", "").upper()
if _problem := tax_problem(
    TAX_MODE,
    country=TAX_ISSUER_COUNTRY,
    countries=COUNTRIES,
    provider=PAYMENT_PROVIDER,
    stripe_key=STRIPE_SECRET_KEY,
):
    raise env.ConfigurationError(_problem)
TAX_ISSUER_ID = env.text("TAX_ISSUER_ID", "")
# Where a business in another country of the list owes the tax itself; the European Union unless others are named.
TAX_UNION_COUNTRIES = frozenset(env.words("TAX_UNION_COUNTRIES")) or EU_COUNTRIES
# Where fonts lie for what typst's own cannot write: Chinese, Japanese, Korean, Arabic, emoji.
INVOICE_FONT_DIRS = env.words("INVOICE_FONT_DIRS")

# --- Payouts -----------------------------------------------------------------------------------
# How many days what a consumer paid is held before it can be paid out to the creator.
PAYOUT_HOLD_DAYS = env.integer("PAYOUT_HOLD_DAYS", 7)
# The share of the earnings of the last so many days that stays with the platform for refunds and disputes.
PAYOUT_RESERVE_PERCENT = Decimal(env.text("PAYOUT_RESERVE_PERCENT", "0"))
PAYOUT_RESERVE_DAYS = env.integer("PAYOUT_RESERVE_DAYS", 90)
# JSON, by currency, "*" for all others; amounts as people write them: {"USD": "25", "JPY": "3000", "*": "10"}.
# The smallest payout, and above which sum within a day two of the staff must approve.
PAYOUT_MINIMUM = {"*": "10"} | env.mapping("PAYOUT_MINIMUM")
PAYOUT_APPROVAL_ABOVE = {"*": "1000"} | env.mapping("PAYOUT_APPROVAL_ABOVE")
# Where the platform's people are told of what only they can put right, such as books that differ from the provider's.
STAFF_EMAILS = env.words("STAFF_EMAILS")

# The sandbox clock may be advanced (development, tests); production refuses an offset.
SANDBOX_CLOCK = False
# A page that shows the mail that was sent (development only).
DEVELOPMENT_MAILBOX = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    # It tells of every request.
    "loggers": {"stripe": {"level": "WARNING"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
