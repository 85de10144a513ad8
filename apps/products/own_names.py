"""The host names of this installation: no backend is there, or its calls would come back to the gateway."""

import ipaddress
from urllib.parse import urlsplit

from django.conf import settings


def is_own_name(host: str) -> bool:
    """Whether it is the name of the portal, of the gateway or of a product's own host.

    An IP address is no name: which of them may be dialled is said by `UPSTREAM_ALLOW` alone.
    """
    name = host.lower().rstrip(".")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        own = {(urlsplit(url).hostname or "").rstrip(".") for url in (settings.WEB_URL, settings.GATEWAY_URL)}
        domain = settings.GATEWAY_DOMAIN.lower().rstrip(".")
        return name in own or bool(domain and (name == domain or name.endswith(f".{domain}")))
    return False
