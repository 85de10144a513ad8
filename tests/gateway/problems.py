"""What all problems of the gateway have in common, and all refusals."""

import re

from tests.gateway.shop import Shop
from tests.gateway.wire import Reply


def check(reply: Reply, status: int, code: str, type_uri: str = "about:blank") -> dict[str, object]:
    """The reply is this problem, in every respect that all problems share; its document is returned."""
    assert (reply.status, reply.json()["code"]) == (status, code)
    assert reply.get("Content-Type") == "application/problem+json"
    assert reply.get("Cache-Control") == "no-store"
    assert reply.get("Via") == "1.1 api-factory"
    assert reply.get("Date")
    assert re.fullmatch(r"gw;dur=\d+\.\d\d, origin;dur=\d+\.\d\d", reply.get("Server-Timing") or "")
    document: dict[str, object] = reply.json()
    assert re.fullmatch(r"req_[0-9a-f]{32}", str(document["request_id"]))
    assert reply.get("X-Request-Id") == document["request_id"]
    assert document["status"] == status
    assert document["type"] == type_uri
    assert str(document["instance"]).replace("-", "") == f"urn:uuid:{str(document['request_id'])[4:]}"
    assert document["title"]
    assert document["detail"]
    return document


def assert_refused(shop: Shop, code: str, *, known: bool = True) -> None:
    """Recorded once, with this code; nothing reserved, nothing settled, nothing forwarded."""
    (rejection,) = shop.rejections
    assert rejection.code == code
    assert rejection.subscription_id == (shop.subscription.pk if known else None)
    assert shop.received == []
    assert shop.outcomes == []
    assert shop.gateway.metering.reserved(shop.subscription.pk) == 0
