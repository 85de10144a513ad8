"""What `make up` prints when everything runs."""

from pathlib import Path

from config.up.options import Options
from config.up.summary import summary

DEMO = {
    "users": [
        {"email": "alice@example.com", "password": "a-password", "role": "creator"},
        {"email": "root@example.com", "password": "b-password", "role": "staff"},
    ],
    "api_keys": [
        {"product": "weather", "plan": "free", "key": "af_live_free"},
        {"product": "weather", "plan": "pro", "key": "af_live_pro"},
    ],
}


def options(tmp_path: Path) -> Options:
    return Options(
        local_dir=tmp_path, address="0.0.0.0", port=8123, gateway_port=8124, procfile=tmp_path, demo=True, verbose=False
    )


def test_addresses_accounts_and_a_call_are_shown(tmp_path: Path) -> None:
    lines = [line.strip() for line in summary(options(tmp_path), DEMO)]
    assert "Portal   http://127.0.0.1:8123/" in lines
    assert "Admin    http://127.0.0.1:8123/admin/" in lines
    assert "Gateway  http://127.0.0.1:8124/" in lines
    assert "alice@example.com  password a-password  (creator)" in lines
    assert "root@example.com   password b-password  (staff)" in lines
    call = "curl -H 'X-Api-Key: af_live_pro' 'http://127.0.0.1:8124/weather/current-weather?city=Berlin'"
    assert call in lines
    assert f"make advance BY=32d LOCAL_DIR={tmp_path}" in lines


def test_without_the_demo_the_addresses_are_shown(tmp_path: Path) -> None:
    text = "\n".join(summary(options(tmp_path), None))
    assert "http://127.0.0.1:8123/" in text
    assert "curl" not in text
    assert "password" not in text
