"""What every service for the platform's staff asks first."""

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.core.errors import NotAllowed
from apps.core.values import check_line

REASON_MAX = 200


def require_staff(staff: User, permission: str) -> None:
    """Raises `NotAllowed` for who is not active staff with this permission, such as `products.change_product`."""
    if not (staff.is_staff and staff.is_active and staff.has_perm(permission)):
        raise NotAllowed(_("Only staff of the platform with the permission for it can do this."))


def checked_reason(reason: str) -> str:
    """Why staff do it, for the audit log. Raises `Invalid`."""
    return check_line(reason, field="reason", longest=REASON_MAX)
