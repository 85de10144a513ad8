"""What a real installation must be told, checked before anything starts: all problems at once, each with what to do."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from config import env

# As Django's own check wants it of a key that cannot be guessed.
SECRET_LENGTH, SECRET_LETTERS = 50, 5
MAKE_SECRET = "python -c 'import secrets; print(secrets.token_urlsafe(50))'"  # noqa: S105 - how to make one
# Scheme of EMAIL_URL: the port that is meant where none stands, STARTTLS, TLS from the first byte.
MAIL_SCHEMES = {"smtp": (25, False, False), "smtp+tls": (587, True, False), "smtps": (465, False, True)}


@dataclass(frozen=True)
class Mail:
    """Where mail goes out."""

    host: str
    port: int
    user: str
    password: str
    starttls: bool
    tls: bool


def mail_from_environment() -> Mail:
    """`EMAIL_URL` (`smtp+tls://user:password@host:587`), or the variables of its parts.

    Raises ConfigurationError for a URL that cannot be read.
    """
    if url := env.text("EMAIL_URL", ""):
        return _mail_of(url)
    return Mail(
        host=env.text("EMAIL_HOST", ""),
        port=env.integer("EMAIL_PORT", 587),
        user=env.text("EMAIL_HOST_USER", ""),
        password=env.text("EMAIL_HOST_PASSWORD", ""),
        starttls=env.boolean("EMAIL_USE_TLS", default=True),
        tls=env.boolean("EMAIL_USE_SSL", default=False),
    )


def _mail_of(url: str) -> Mail:
    try:
        parts = urlsplit(url)
        port, starttls, tls = MAIL_SCHEMES[parts.scheme]
        host, port = parts.hostname or "", parts.port or port
    except (KeyError, ValueError):
        host = ""
    if not host:
        # Without the value: it holds a password.
        raise env.ConfigurationError(f"EMAIL_URL must be <{'|'.join(MAIL_SCHEMES)}>://user:password@host:port.")
    return Mail(host, port, unquote(parts.username or ""), unquote(parts.password or ""), starttls, tls)


def require_complete(*, files_in_folder: bool) -> None:
    """Raise ConfigurationError with a line for each thing that is missing or unsafe.

    `files_in_folder`: what people upload is kept in a folder and not in a storage elsewhere.
    """
    problems = [
        *_secret_problems(env.text("SECRET_KEY", "")),
        *_address_problems(env.text("WEB_URL", ""), env.text("GATEWAY_URL", ""), env.words("ALLOWED_HOSTS")),
        *_proxy_problems(env.text("WEB_URL", ""), env.integer("TRUSTED_PROXY_HOPS", 0)),
        *_server_problems(env.text("DATABASE_URL", ""), env.text("REDIS_URL", "")),
        *_stripe_problems(env.text("STRIPE_SECRET_KEY", ""), env.words("STRIPE_WEBHOOK_SECRETS")),
        *_mail_problems(env.text("DEFAULT_FROM_EMAIL", "")),
        *(_media_problems(env.text("MEDIA_ROOT", "")) if files_in_folder else ()),
    ]
    if problems:
        listed = "".join(f"\n  - {problem}" for problem in problems)
        raise env.ConfigurationError(f"This installation is not complete (see .env.example):{listed}")


def _secret_problems(secret: str) -> list[str]:
    if len(secret) < SECRET_LENGTH or len(set(secret)) < SECRET_LETTERS:
        state = f"must have {SECRET_LENGTH} random characters or more" if secret else "must be set"
        return [f"SECRET_KEY {state}. Make one: {MAKE_SECRET}"]
    return []


def _address_problems(web_url: str, gateway_url: str, allowed_hosts: list[str]) -> list[str]:
    problems = []
    for name, url in (("WEB_URL", web_url), ("GATEWAY_URL", gateway_url)):
        if not is_web_address(url):
            problems.append(f"{name} must be set to an http or https address, such as https://factory.example.")
    if not allowed_hosts:
        problems.append("ALLOWED_HOSTS must be set to the host names of the portal, separated by commas.")
    elif "*" in allowed_hosts:
        problems.append("ALLOWED_HOSTS must not be *: links in mails go by the host name of the request.")
    elif is_web_address(web_url) and not any(_covers(host, urlsplit(web_url).hostname or "") for host in allowed_hosts):
        problems.append("ALLOWED_HOSTS must hold the host name of WEB_URL.")
    return problems


def is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _covers(allowed: str, host: str) -> bool:
    """Whether an entry of ALLOWED_HOSTS means this host; `.example.com` means its subdomains too."""
    allowed = allowed.lower()
    return host == allowed.strip("[].") or (allowed.startswith(".") and host.endswith(allowed))


def _proxy_problems(web_url: str, hops: int) -> list[str]:
    if web_url.startswith("https://") and hops < 1:
        return ["TRUSTED_PROXY_HOPS must be 1 or more: WEB_URL is https, so a proxy in front ends TLS."]
    return []


def _server_problems(database_url: str, redis_url: str) -> list[str]:
    problems = []
    if urlsplit(database_url).scheme not in ("postgresql", "postgres"):
        problems.append("DATABASE_URL must be set to a PostgreSQL: postgresql://user:password@host:5432/database.")
    if urlsplit(redis_url).scheme not in ("redis", "rediss", "unix"):
        problems.append("REDIS_URL must be set to a Redis or Valkey: redis://:password@host:6379/0.")
    return problems


def _mail_problems(sender: str) -> list[str]:
    problems = []
    try:
        mail = mail_from_environment()
    except env.ConfigurationError as error:
        problems.append(str(error))
    else:
        if not mail.host:
            problems.append("EMAIL_URL (or EMAIL_HOST) must be set: accounts are confirmed by mail.")
        if mail.starttls and mail.tls:
            problems.append("EMAIL_USE_TLS and EMAIL_USE_SSL exclude each other.")
    if "@" not in sender:
        problems.append("DEFAULT_FROM_EMAIL must be set to the sender of every mail.")
    return problems


def _stripe_problems(key: str, secrets: list[str]) -> list[str]:
    if not key:
        if env.text("PAYMENT_PROVIDER", "") == "stripe":
            return ["STRIPE_SECRET_KEY must be set where PAYMENT_PROVIDER is stripe."]
        return []
    if not key.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
        return ["STRIPE_SECRET_KEY must be a secret or restricted key of Stripe's: sk_live_… or rk_live_…."]
    if not secrets:
        return ["STRIPE_WEBHOOK_SECRETS must be set beside STRIPE_SECRET_KEY: Stripe's messages are refused without."]
    return []


def _media_problems(media_root: str) -> list[str]:
    if not media_root.startswith("/"):
        return ["MEDIA_ROOT must be set to a folder (an absolute path) that all web processes share and that lasts."]
    return []
