"""Networks that a rule names: texts such as 203.0.113.0/24, in one form each."""

import ipaddress
from typing import Any

from django.utils.translation import gettext as _

from apps.core.errors import Invalid
from apps.core.values import check_line

NETWORKS_MAX = 50
# The longest text of one in its shortest form.
TEXT_MAX = 43
_NETWORK_LENGTH_MAX = 60
_MAPPED_BITS = 96  # of an IPv6 network before the IPv4 address that is mapped into it


def check_networks(value: Any, *, field: str) -> list[str]:
    """The networks as CIDR texts in their shortest form, each once.

    An address alone becomes a network of one; IPv4 that is mapped into IPv6 becomes IPv4, as addresses of callers do.
    Raises `Invalid` for more than `NETWORKS_MAX`, for what is no network, and for an address inside of one
    (10.0.0.5/8): whether the address or the network is meant cannot be known.
    """
    if not isinstance(value, list | tuple):
        raise Invalid(_("This must be a list."), field=field)
    if len(value) > NETWORKS_MAX:
        raise Invalid(_("Give %(most)d networks at most.") % {"most": NETWORKS_MAX}, field=field)
    return list(dict.fromkeys(_normal_network(text, field) for text in value))


def _normal_network(value: Any, field: str) -> str:
    text = check_line(value, field=field, longest=_NETWORK_LENGTH_MAX)
    try:
        interface = ipaddress.ip_interface(text)
    except ValueError:
        interface = None
    # A zone (fe80::1%eth0) means something on one machine only.
    if interface is None or "%" in text:
        raise Invalid(
            _("“%s” is neither an address nor a network such as 203.0.113.0/24 or 2001:db8::/32.") % text, field=field
        )
    address, network = interface.ip, interface.network
    if address != network.network_address:
        words = {"text": text, "network": network, "address": address}
        raise Invalid(
            _("“%(text)s” is an address inside of a network. Give %(network)s or %(address)s.") % words, field=field
        )
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    if mapped is not None and network.prefixlen >= _MAPPED_BITS:
        network = ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
    return str(network)
