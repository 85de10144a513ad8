"""The checks before the limits, in their order.

parse → route → key → subscription → entitlement → mode → scope → address → signature → size

Each step fills in the call or raises `Rejected`. None of them takes anything from a counter. A declared
length is compared here, before the limits take a place for the call: a refused call must consume nothing.
"""

import math

from apps.gateway.engine.admission.credentials import ConflictingKeys, Credentials, extract, may_have_key
from apps.gateway.engine.admission.guesses import Guesses
from apps.gateway.engine.admission.heads import digest_of, read_authority
from apps.gateway.engine.admission.networks import check_key_networks, check_networks
from apps.gateway.engine.admission.paths import (
    BadTarget,
    Path,
    Target,
    TargetTooLong,
    from_absolute_form,
    parse_target,
    without_parameters,
)
from apps.gateway.engine.admission.routes import Endpoint, Match, Route
from apps.gateway.engine.call import Admitted, Call
from apps.gateway.engine.config import EngineConfig
from apps.gateway.engine.entities import KeyEntry, MockAnswer, ProductEntry, ProductState, Standing
from apps.gateway.engine.forwarding import websocket
from apps.gateway.engine.messages import problems
from apps.gateway.engine.messages.cors import is_preflight
from apps.gateway.engine.messages.problems import Problem, Rejected, Violation
from apps.gateway.engine.messages.request import GatewayRequest
from apps.gateway.engine.ports import Directory
from apps.gateway.engine.signing.signed_calls import Replays, check_signature
from apps.keys import secret as key_secret
from apps.keys.enums import KeyScope

_GUESSES_POLICY = "unknown-keys"
_CLOSE = (b"connection", b"close")
_NO_SUCH_API = "There is no such API."
_TWO_KEYS = "The request carries two API keys that differ."


class Preflight(Exception):
    """Not a call: a browser asks what it may send to this route."""

    def __init__(self, methods: list[str]) -> None:
        super().__init__()
        self.methods = methods


async def admit(call: Call, directory: Directory, config: EngineConfig, guesses: Guesses, replays: Replays) -> Admitted:
    """Run the checks. Raises `Rejected`, `Preflight` or `DirectoryUnavailable`."""
    target = _parse(call)
    product, path = await _find_product(call, target, directory, config)
    if product.state == ProductState.SUSPENDED:
        raise Rejected(problems.PRODUCT_SUSPENDED)
    if product.state == ProductState.RETIRED:
        raise Rejected(problems.PRODUCT_RETIRED)
    try:
        route = _route(call, path, product)
        credentials = _credentials(call, target.query, product)
        if not credentials.secret:
            raise _without_key(call, path, product)
        key = await _authenticate(call, credentials, product, directory, guesses)
    except (Rejected, Preflight):
        if product.state == ProductState.HIDDEN:
            raise Rejected(problems.ROUTE_NOT_FOUND, _NO_SUCH_API) from None
        raise
    endpoint = route.endpoint
    _entitle(key, endpoint, product)
    mock = await _find_mock(endpoint, product, directory) if key.is_test and not product.test_upstream_url else None
    _check_scope(call, key)
    if product.networks is not None or endpoint.networks is not None:
        check_networks(call.request.client_ip, product=product.networks, endpoint=endpoint.networks)
    if key.networks is not None:
        check_key_networks(call.request.client_ip, key.networks)
    body_sha256 = await check_signature(call, product, key, replays) if product.requires_signature else None
    _check_size(call, product)
    return Admitted(
        product=product,
        endpoint=endpoint,
        key=key,
        upstream_url=product.test_upstream_url if key.is_test else product.upstream_url,
        units=0 if key.is_test else endpoint.weight if endpoint.max_units is None else endpoint.max_units,
        reports_units=endpoint.max_units is not None and not key.is_test,
        upstream_path=route.upstream_path,
        headers=credentials.headers,
        query=credentials.query,
        body_sha256=body_sha256,
        mock=mock,
    )


def _parse(call: Call) -> Target:
    """Read the request in one way only, or refuse it."""
    request, head = call.request, call.head
    authority, host = head.authority, head.host
    try:
        if not request.target.startswith(b"/"):
            named, request.target = from_absolute_form(request.target)
            authority, host = read_authority(named)  # in place of what Host says
            if not authority:
                raise BadTarget("The request target names no host.")
        target = parse_target(request.target)
    except TargetTooLong as error:
        raise Rejected(problems.TARGET_TOO_LONG, str(error)) from None
    except BadTarget as error:
        raise Rejected(problems.BAD_REQUEST, str(error)) from None
    if head.has_unknown_coding:
        raise Rejected(problems.CODING_UNKNOWN)
    if not head.is_clear:
        raise Rejected(problems.BAD_REQUEST, "The length of the body is not clear.")
    call.body_length = head.body_length
    if request.http_version != "1.1":
        _check_old_version(call)
    if not head.is_sound:
        raise Rejected(problems.BAD_REQUEST, "A header has a character that headers cannot have, or is not UTF-8.")
    if not (head.authority and authority) and (head.hosts or request.http_version != "1.0"):
        raise Rejected(problems.BAD_REQUEST, "Send exactly one Host header with a host name.")
    call.authority, call.host = authority, host
    if b"upgrade" in head.names and websocket.asks_for_websocket(request.http_version, request.headers):
        _check_handshake(call, request)
    return target


def _check_handshake(call: Call, request: GatewayRequest) -> None:
    if not request.client.may_tunnel:
        raise Rejected(problems.WEBSOCKET_UNSUPPORTED, headers=[_CLOSE])
    if call.body_length != 0 or not websocket.is_handshake(request.method, request.headers):
        raise Rejected(problems.BAD_REQUEST, "This is no opening handshake of WebSocket.", headers=[websocket.VERSION])
    if not websocket.is_of_our_version(request.headers):
        raise Rejected(problems.WEBSOCKET_VERSION)
    call.is_websocket = True


def _check_old_version(call: Call) -> None:
    """HTTP/1.0 has no chunks (RFC 9112, 6.1), and other versions are not spoken here."""
    if call.request.http_version != "1.0":
        raise Rejected(problems.BAD_REQUEST, "This gateway speaks HTTP/1.1.", headers=[_CLOSE])
    if call.body_length is None:
        raise Rejected(problems.BAD_REQUEST, "The length of the body is not clear.", headers=[_CLOSE])


async def _find_product(
    call: Call, target: Target, directory: Directory, config: EngineConfig
) -> tuple[ProductEntry, Path]:
    """The product that the host or the first segment of the path names, and the path below it."""
    path = target.path
    if config.domain and call.host.endswith(f".{config.domain}"):
        slug = call.host.removesuffix(f".{config.domain}")
        call.has_own_host = True
    else:
        slug = path.decoded[0]
        path = target.below
    product = (directory.known_product(slug) or await directory.find_product(slug)) if slug else None
    if product is None:
        raise Rejected(problems.ROUTE_NOT_FOUND, _NO_SUCH_API)
    call.product, call.path = product, path.raw
    return product, path


def _route(call: Call, path: Path, product: ProductEntry) -> Route:
    method = call.request.method
    route = product.routes.known(path, method)
    if route is None:
        route = _find_route(call, path, product)
        product.routes.keep(path, method, route)
    call.endpoint = route.endpoint
    return route


def _find_route(call: Call, path: Path, product: ProductEntry) -> Route:
    match = product.routes.match_path(path)
    if match is None:
        raise Rejected(problems.ROUTE_NOT_FOUND, f"{product.slug} has no route {path.raw}.")
    _check_same_route_without_parameters(path, product, match)
    method = call.request.method
    endpoint = match.find(method)
    if endpoint is None:
        if is_preflight(method, call.request.headers):
            raise Preflight(match.methods)
        allowed = ", ".join(match.methods)
        raise Rejected(
            problems.METHOD_NOT_ALLOWED, f"This route has {allowed}.", headers=[(b"allow", allowed.encode("ascii"))]
        )
    call.endpoint = endpoint
    try:
        return Route(endpoint, match.upstream_path(endpoint))
    except BadTarget as error:
        raise Rejected(problems.BAD_REQUEST, str(error)) from None


def _check_same_route_without_parameters(path: Path, product: ProductEntry, match: Match) -> None:
    """Some backends cut `;x` off a segment: refuse a path that would be another route there."""
    if not any(";" in segment for segment in path.decoded):
        return
    cut = without_parameters(path.decoded)
    other = product.routes.match(cut, cut)
    if other is None or other.endpoints is not match.endpoints:
        raise Rejected(problems.BAD_REQUEST, "Without its ;parameters this path would be another route.")


async def _authenticate(
    call: Call, credentials: Credentials, product: ProductEntry, directory: Directory, guesses: Guesses
) -> KeyEntry:
    """The key, and that its subscription is one to this product."""
    if credentials.secret in call.path:  # which the backend would get
        raise Rejected(problems.BAD_REQUEST, "The path has the API key in it.")
    key = directory.known_key(call.key_digest) or await _find_key(call, credentials.secret, directory, guesses)
    if key is None:
        guesses.failed(call.request.client_ip)
        raise _unauthorized(problems.KEY_INVALID, product)
    call.key = key
    if key.is_revoked:
        raise _unauthorized(problems.KEY_REVOKED, product)
    if key.expires_at is not None and key.expires_at <= directory.now():
        raise _unauthorized(problems.KEY_EXPIRED, product)
    if key.entitlement.product_id != product.id:
        raise Rejected(problems.NOT_SUBSCRIBED)
    call.entitlement = key.entitlement
    return key


def _without_key(call: Call, path: Path, product: ProductEntry) -> Rejected | Preflight:
    """Browsers send no key when they ask what a page may send, also where the route has OPTIONS itself."""
    if is_preflight(call.request.method, call.request.headers):
        match = product.routes.match_path(path)
        if match is not None:
            return Preflight(match.methods)
    return _unauthorized(problems.KEY_MISSING, product)


def _credentials(call: Call, query: bytes, product: ProductEntry) -> Credentials:
    """The key of the call, from what is known of its head where nothing but the head can have it."""
    head = call.head
    if product.rapidapi_compatible or (query and (may_have_key(query) or head.key in query)):
        try:
            credentials = extract(call.request.headers, query, rapidapi=product.rapidapi_compatible)
        except ConflictingKeys:
            raise Rejected(problems.BAD_REQUEST, _TWO_KEYS) from None
        call.key_digest = digest_of(credentials.secret)
        return credentials
    if head.credentials is None:
        raise Rejected(problems.BAD_REQUEST, _TWO_KEYS)
    call.key_digest = head.key_digest
    return Credentials(head.credentials.secret, head.credentials.headers, query)


async def _find_key(call: Call, secret: str, directory: Directory, guesses: Guesses) -> KeyEntry | None:
    """A key that is not at hand: one that was dropped, that has not called yet, or a guess."""
    if guesses.blocked and not directory.knew_key(call.key_digest):
        _check_guesses(call, guesses)
    # A mistyped or invented key costs no lookup.
    return await directory.find_key(call.key_digest) if key_secret.is_well_formed(secret) else None


def _check_guesses(call: Call, guesses: Guesses) -> None:
    seconds = math.ceil(guesses.blocked_seconds(call.request.client_ip))
    if seconds:
        raise Rejected(
            problems.RATE_LIMITED,
            f"Too many unknown keys came from your network. Try again in {seconds} seconds.",
            headers=[(b"retry-after", b"%d" % seconds)],
            members={"violated-policies": [_GUESSES_POLICY]},
            violation=Violation(policy=_GUESSES_POLICY, counter=guesses.limit, limit=guesses.limit),
        )


def _unauthorized(problem: Problem, product: ProductEntry) -> Rejected:
    challenge = f'Bearer realm="{product.slug}"'
    if problem is not problems.KEY_MISSING:
        challenge += ', error="invalid_token"'
    return Rejected(problem, headers=[(b"www-authenticate", challenge.encode("ascii"))])


def _entitle(key: KeyEntry, endpoint: Endpoint, product: ProductEntry) -> None:
    """The subscription is in order, and its plan opens the endpoint."""
    entitlement = key.entitlement
    if entitlement.standing == Standing.UNPAID:
        raise Rejected(problems.PAYMENT_REQUIRED, entitlement.advice)
    if entitlement.standing != Standing.OPEN:
        raise Rejected(problems.SUBSCRIPTION_INACTIVE, entitlement.advice)
    if entitlement.tier_rank >= endpoint.tier_rank:
        return
    offer = product.cheapest_offer(endpoint.tier_rank, entitlement.organization_id)
    advice = f"{offer.name} does." if offer else "No plan on sale does."
    raise Rejected(
        problems.PLAN_UPGRADE_REQUIRED,
        f"The plan {entitlement.plan_name} does not include this endpoint. {advice}",
        members={"required_plan": offer.slug if offer else None},
    )


async def _find_mock(endpoint: Endpoint, product: ProductEntry, directory: Directory) -> MockAnswer:
    """The documented example: what a test key gets where the product has no backend for it."""
    mock = await directory.find_mock(product.id, endpoint.id)
    if mock is None:
        raise Rejected(problems.TEST_KEY_REFUSED)
    return mock


def _check_scope(call: Call, key: KeyEntry) -> None:
    needed = KeyScope.of_method(call.request.method)
    if key.scopes and needed not in key.scopes:
        raise Rejected(
            problems.SCOPE_MISSING,
            f"This key does not have the scope {needed.value}, which {call.request.method} needs.",
            members={"required_scope": needed.value},
        )


def _check_size(call: Call, product: ProductEntry) -> None:
    if call.body_length is not None and call.body_length > product.max_body_bytes:
        raise too_large(product)


def too_large(product: ProductEntry) -> Rejected:
    return Rejected(
        problems.REQUEST_TOO_LARGE,
        f"The request body is larger than {product.max_body_bytes} bytes, which is what this product takes.",
    )
