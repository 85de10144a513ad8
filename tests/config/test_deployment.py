"""A real installation starts when it has what it needs, and says all that it lacks when it has not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config import deployment
from config.env import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent.parent
COMPLETE = {
    "SECRET_KEY": "kJ8sQ2vX5bN1mR7tY4wZ0cF6hL9pD3gAeUiOxVnBqTyWrSdKjHfGzM",
    "WEB_URL": "https://factory.example",
    "GATEWAY_URL": "https://api.factory.example",
    "ALLOWED_HOSTS": "factory.example",
    "TRUSTED_PROXY_HOPS": "1",
    "DATABASE_URL": "postgresql://factory:secret@db.example:5432/factory",
    "REDIS_URL": "redis://:secret@redis.example:6379/0",
    "EMAIL_URL": "smtp+tls://factory:secret@mail.example",
    "DEFAULT_FROM_EMAIL": "Factory <noreply@factory.example>",
    "MEDIA_ROOT": "/data/media",
}


@pytest.fixture(autouse=True)
def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)


def problems(*, files_in_folder: bool = True) -> list[str]:
    try:
        deployment.require_complete(files_in_folder=files_in_folder)
    except ConfigurationError as error:
        return re.findall(r"\n  - (.*)", str(error))
    return []


def test_a_complete_installation_has_no_problems() -> None:
    assert problems() == []


@pytest.mark.parametrize("name", sorted(COMPLETE))
def test_what_is_missing_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    (problem,) = problems()
    assert problem.startswith(name)


def test_all_that_is_missing_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in COMPLETE:
        monkeypatch.delenv(name)
    named = {problem.split()[0] for problem in problems()}
    assert named == {*COMPLETE} - {"TRUSTED_PROXY_HOPS"}  # without an address nobody knows whether it is needed


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("SECRET_KEY", "short", "must have 50 random characters"),
        ("SECRET_KEY", "a" * 60, "must have 50 random characters"),
        ("WEB_URL", "factory.example", "WEB_URL must be set to an http or https address"),
        ("WEB_URL", "https://[broken", "WEB_URL must be set to an http or https address"),
        ("WEB_URL", "https://other.example", "must hold the host name of WEB_URL"),
        ("ALLOWED_HOSTS", "*", "must not be *"),
        ("DATABASE_URL", "sqlite:///file", "must be set to a PostgreSQL"),
        ("REDIS_URL", "memory://", "must be set to a Redis"),
        ("EMAIL_URL", "imap://u:hidden@mail.example", "EMAIL_URL must be"),
        ("EMAIL_URL", "smtp://u:hidden@mail.example:port", "EMAIL_URL must be"),
        ("DEFAULT_FROM_EMAIL", "nobody", "sender"),
        ("MEDIA_ROOT", "media", "absolute path"),
        ("STRIPE_SECRET_KEY", "pk_live_hidden", "must be a secret or restricted key"),
        ("STRIPE_SECRET_KEY", "sk_live_hidden", "STRIPE_WEBHOOK_SECRETS must be set"),
        ("PAYMENT_PROVIDER", "stripe", "STRIPE_SECRET_KEY must be set"),
    ],
)
def test_what_is_unsafe_is_named(name: str, value: str, problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    (found,) = problems()
    assert problem in found
    assert "hidden" not in found


def test_what_is_allowed_is_not_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_ROOT", "")
    assert problems(files_in_folder=False) == []
    for name, value in {
        "WEB_URL": "http://10.0.0.7:8000",
        "ALLOWED_HOSTS": "10.0.0.7",
        "TRUSTED_PROXY_HOPS": "0",
    }.items():
        monkeypatch.setenv(name, value)  # inside a company, without TLS
    assert problems(files_in_folder=False) == []
    monkeypatch.setenv("WEB_URL", "http://portal.factory.example")
    monkeypatch.setenv("ALLOWED_HOSTS", ".factory.example")
    assert problems(files_in_folder=False) == []


@pytest.mark.parametrize(
    ("url", "port", "starttls", "tls"),
    [
        ("smtp://u%40x:p%2Fw@mail.example", 25, False, False),
        ("smtp+tls://u%40x:p%2Fw@mail.example", 587, True, False),
        ("smtps://u%40x:p%2Fw@mail.example:4650", 4650, False, True),
    ],
)
def test_the_url_of_the_mail_server(
    url: str, port: int, starttls: bool, tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    assert deployment.mail_from_environment() == deployment.Mail("mail.example", port, "u@x", "p/w", starttls, tls)


def test_djangos_own_checks_find_nothing_on_a_complete_installation() -> None:
    script = (
        "import django, sys; django.setup()\n"
        "from django.conf import settings as s\n"
        "assert s.SESSION_COOKIE_SECURE and s.CSRF_COOKIE_SECURE and s.SECURE_HSTS_SECONDS and not s.SANDBOX_CLOCK\n"
        "assert s.CSRF_TRUSTED_ORIGINS == ['https://factory.example']\n"
        "assert (s.EMAIL_HOST, s.EMAIL_PORT) == ('mail.example', 587)\n"
        "from django.core.management import call_command\n"
        "call_command('check', deploy=True, fail_level='WARNING')\n"
    )
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "config.settings.production", **COMPLETE}
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "no issues" in result.stdout
