"""Whether a call that was let in some time ago would be let in still."""

import time

from apps.gateway.engine.admission.networks import check_key_networks, check_networks
from apps.gateway.engine.call import Admitted, Call
from apps.gateway.engine.entities import ProductState, Standing
from apps.gateway.engine.messages.problems import Rejected
from apps.gateway.engine.ports import Directory, DirectoryUnavailable

# How often is looked, at most.
LOOK_SECONDS = 1.0


class Readmission:
    """Looks again, now and then, with the pieces of an upload or a stream that lasts."""

    __slots__ = ("_admitted", "_call", "_directory", "_looked_at")

    def __init__(self, call: Call, admitted: Admitted, directory: Directory) -> None:
        self._call = call
        self._admitted = admitted
        self._directory = directory
        self._looked_at = time.perf_counter()

    async def holds(self) -> bool:
        now = time.perf_counter()
        if now - self._looked_at < LOOK_SECONDS:
            return True
        self._looked_at = now
        return await may_go_on(self._call, self._admitted, self._directory)


async def may_go_on(call: Call, admitted: Admitted, directory: Directory) -> bool:
    """Asked while a WebSocket, an upload or a stream lives. What cannot be known now stands as it was."""
    try:
        product = await directory.find_product(admitted.product.slug)
        key = await directory.find_key(call.key_digest)
    except DirectoryUnavailable:
        return True
    if product is None or key is None or product.state in (ProductState.SUSPENDED, ProductState.RETIRED):
        return False
    endpoint = product.routes.endpoint(admitted.endpoint.id)
    if endpoint is None:
        return False
    entitlement = key.entitlement
    if (
        key.is_revoked
        or (key.expires_at is not None and key.expires_at <= directory.now())
        or entitlement.standing != Standing.OPEN
        or entitlement.tier_rank < endpoint.tier_rank
    ):
        return False
    try:
        check_networks(call.request.client_ip, product=product.networks, endpoint=endpoint.networks)
        if key.networks is not None:
            check_key_networks(call.request.client_ip, key.networks)
    except Rejected:
        return False
    return True
