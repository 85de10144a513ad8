"""Where calls may come from: the lists of a product, of an endpoint and of a key, as numbers to compare."""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from apps.gateway.engine.messages import problems
from apps.gateway.engine.messages.problems import Rejected

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Version, mask and the address of the network under it.
_Network = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class NetworkRule:
    """None allowed: from anywhere. What is denied is so even where it is allowed."""

    allowed: tuple[_Network, ...]
    denied: tuple[_Network, ...]

    def admits(self, address: Address) -> bool:
        if self.denied and _contains(self.denied, address):
            return False
        return not self.allowed or _contains(self.allowed, address)


def network_rule(allowed: Sequence[str], denied: Sequence[str] = ()) -> NetworkRule | None:
    """The rule of these CIDR texts; None where it restricts nothing."""
    return NetworkRule(_compiled(allowed), _compiled(denied)) if allowed or denied else None


def check_networks(client_ip: str, *, product: NetworkRule | None, endpoint: NetworkRule | None) -> None:
    """Raises `Rejected` unless both take calls from there. An address that cannot be read is in no network."""
    address = _address(client_ip)
    for rule, whose in ((product, "product"), (endpoint, "endpoint")):
        if rule is not None and (address is None or not rule.admits(address)):
            raise Rejected(problems.IP_NOT_ALLOWED, f"This {whose} takes no calls from {_named(address)}.")


def check_key_networks(client_ip: str, rule: NetworkRule) -> None:
    """Raises `Rejected` unless the key works from there."""
    address = _address(client_ip)
    if address is None or not rule.admits(address):
        raise Rejected(problems.IP_NOT_ALLOWED, f"This key does not work from {_named(address)}.")


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _named(address: Address | None) -> str:
    return "an unknown address" if address is None else f"the address {address}"


def _contains(networks: Iterable[_Network], address: Address) -> bool:
    number, version = int(address), address.version
    return any(version == of and number & mask == base for of, mask, base in networks)


def _compiled(texts: Iterable[str]) -> tuple[_Network, ...]:
    networks = map(ipaddress.ip_network, texts)
    return tuple((network.version, int(network.netmask), int(network.network_address)) for network in networks)
