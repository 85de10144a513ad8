"""`POST /actions` refuses a key as the gateway does: with its status, its code and its challenge."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache

from apps.keys import secret as key_secret
from tests.api.client import Api
from tests.database import empty_written_tables
from tests.gateway.shop import Shop

pytestmark = pytest.mark.usefixtures("transactional_db")


def test_a_key_that_is_missing_or_not_known_is_401(make_shop: Callable[..., Shop], settings: Any) -> None:
    empty_written_tables()  # the slug is a fixed one, which the other transport's turn may have taken
    shop = make_shop(slug="hello", paths=(("GET", "/ping"),))
    settings.GATEWAY_URL = shop.gateway.url
    cache.clear()
    unknown = key_secret.generate().secret
    for secret, code, challenge in (
        ("", "key_missing", "Bearer"),
        ("af_live_x", "key_invalid", "Bearer"),
        (unknown, "key_invalid", 'Bearer realm="hello", error="invalid_token"'),
    ):
        answer = Api(headers={"X-Api-Key": secret} if secret else {}).post("/actions", {"action": "hello.ping"})
        assert (answer.status, answer.code) == (401, code)
        assert answer.response["WWW-Authenticate"] == challenge
