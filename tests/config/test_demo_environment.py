"""What the processes of `make up` are told about the demo's backends."""

import os
from pathlib import Path

import pytest

from config import env
from config.up.demo import Demo


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    demo = Demo(tmp_path, "127.0.0.1:8000")
    demo.choose_ports()
    return demo


@pytest.mark.parametrize("as_file", [False, True])
def test_the_backends_are_allowed_beside_what_is_allowed_already(
    demo: Demo, as_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UPSTREAM_ALLOW", raising=False)
    if as_file:
        file = tmp_path / "allowed"
        file.write_text("127.0.0.1:9999\n")
        monkeypatch.setenv("UPSTREAM_ALLOW_FILE", str(file))
    else:
        monkeypatch.setenv("UPSTREAM_ALLOW", "127.0.0.1:9999")
    monkeypatch.setattr(os, "environ", os.environ | demo.environment())  # that of a child
    backends = (f"127.0.0.1:{each.port}" for each in demo.backends)
    assert env.words("UPSTREAM_ALLOW") == ["127.0.0.1:9999", *backends, "127.0.0.1:8000/api/v1/hello"]
    assert env.text("WEATHER_URL") == demo.backends[0].url
    assert env.text("HELLO_URL") == "http://127.0.0.1:8000/api/v1/hello"


def test_a_portal_at_another_address_is_followed(demo: Demo, tmp_path: Path) -> None:
    assert not demo.moved
    again = Demo(tmp_path, demo.web)
    again.choose_ports()
    assert not again.moved
    moved = Demo(tmp_path, "127.0.0.1:9000")
    moved.choose_ports()
    assert moved.moved
