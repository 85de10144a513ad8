"""The shelves of the marketplace, which only staff change."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.core.errors import Invalid, NotAllowed
from apps.core.slugs import check_slug
from apps.core.values import check_integer, check_line
from apps.products.models import Category

POSITION_MAX = 32_767


@transaction.atomic
def save_category(
    *, staff: User, slug: str, name: str, position: int = 0, category: Category | None = None
) -> Category:
    """Add a category, or change the given one. Raises `Invalid` with the field that is wrong."""
    _require_staff(staff)
    verb = "changed" if category else "added"
    category = category or Category()
    category.slug = check_slug(slug)
    category.name = check_line(name, field="name", longest=40)
    category.position = check_integer(position, field="position", lowest=0, highest=POSITION_MAX)
    try:
        with transaction.atomic():
            category.save()
    except IntegrityError:
        raise Invalid(_("There is a category of this name or address."), field="name") from None
    _record(staff, f"category.{verb}", f"{verb.capitalize()} the category {category.name}", category.slug)
    return category


@transaction.atomic
def remove_category(*, staff: User, category: Category) -> None:
    """Remove a category; its products stay, without one."""
    _require_staff(staff)
    category.delete()
    _record(staff, "category.removed", f"Removed the category {category.name}", category.slug)


def _require_staff(staff: User) -> None:
    if not (staff.is_staff and staff.is_active):
        raise NotAllowed(_("Only the platform's staff can do this."))


def _record(staff: User, action: str, summary: str, slug: str) -> None:
    record_event(organization=None, actor=staff, action=action, target=slug, summary=summary)
