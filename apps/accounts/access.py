"""The actor: a person acting for an organization, with what their role allows."""

from dataclasses import dataclass

from apps.accounts.models import Organization, User
from apps.accounts.permissions import Action, allows
from apps.core.errors import NotAllowed


@dataclass(frozen=True)
class Actor:
    """Whatever is done or read for an organization takes one, or an object that was fetched for one.

    Only `selectors.get_actor` makes them.

    The role is that of the moment when it was made: an actor lives as long as one request.
    """

    user: User
    organization: Organization
    role: str

    def may(self, action: Action) -> bool:
        return allows(self.role, action)

    def require(self, action: Action) -> None:
        """Raises `NotAllowed` where the role does not carry the action."""
        if not self.may(action):
            raise NotAllowed
