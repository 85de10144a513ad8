"""What the processes of `make up STRIPE=fake` are told."""

import os
from pathlib import Path

import pytest

from config import env
from config.up.fake_stripe import FakeStripe
from config.up.options import Options
from config.up.summary import summary


def test_stripe_is_named_to_the_processes_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = FakeStripe(tmp_path, "http://127.0.0.1:8000")
    server.choose_port()
    told = tmp_path / "other"
    told.write_text("sk_live_of_somebody")
    monkeypatch.setenv("STRIPE_SECRET_KEY_FILE", str(told))
    monkeypatch.setattr(os, "environ", os.environ | server.environment())  # that of a child
    assert env.text("PAYMENT_PROVIDER") == "stripe"
    assert env.text("STRIPE_SECRET_KEY").startswith("sk_test_")
    assert env.text("STRIPE_API_URL") == server.url
    [secret] = env.words("STRIPE_WEBHOOK_SECRETS")
    assert secret in server.command
    assert "http://127.0.0.1:8000/api/stripe/webhook" in server.command
    again = FakeStripe(tmp_path, "http://127.0.0.1:8000")
    again.choose_port()
    assert again.environment() == server.environment()


def test_it_is_there_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRIPE", raising=False)
    assert not Options.from_environment().fake_stripe
    monkeypatch.setenv("STRIPE", "fake")
    options = Options.from_environment()
    assert options.fake_stripe
    assert any("fake server" in line for line in summary(options, None))
    monkeypatch.setenv("STRIPE", "real")
    with pytest.raises(env.ConfigurationError, match="STRIPE_SECRET_KEY"):
        Options.from_environment()
