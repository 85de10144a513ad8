"""What the scopes of access tokens include. Pure."""

from collections.abc import Collection


def covers(scopes: Collection[str], needed: str) -> bool:
    """Whether these scopes allow what `needed` names; to write includes to read."""
    return needed in scopes or f"{needed.removesuffix(':read')}:write" in scopes
