"""Addresses of clients as servers and proxies write them; pure, because the engine of the gateway uses it too."""

import ipaddress


def bare_address(text: str) -> str | None:
    """The IP address in its shortest form; None where the text is none.

    Brackets, port and zone are taken away, and an IPv4 address that is mapped into IPv6 becomes IPv4.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)
