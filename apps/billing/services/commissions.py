"""The rules by which the platform's share is reckoned: staff add them and end them."""

import datetime as dt
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.audit import record_event
from apps.accounts.models import Organization, User
from apps.accounts.staff import checked_reason, require_staff
from apps.billing.enums import CommissionScope
from apps.billing.models import CommissionRule
from apps.core import clock
from apps.core.errors import Conflict, Invalid
from apps.products.models import Category, Product

# How long ago "from now on" may be, when a form was filled in by hand.
SLACK = dt.timedelta(hours=1)


@transaction.atomic
def add_commission_rule(
    *,
    staff: User,
    scope: CommissionScope,
    percent: Decimal,
    valid_from: dt.datetime,
    valid_until: dt.datetime | None = None,
    product: Product | None = None,
    organization: Organization | None = None,
    category: Category | None = None,
    reason: str,
) -> CommissionRule:
    """A rule for what is paid from `valid_from` on: what is booked already stays as it is.

    Raises `NotAllowed`, `Invalid` for another target than that of the scope, a percent that is no share, a start in
    the past and an end before it, `Conflict` where another rule of the same target holds at the same time.
    """
    require_staff(staff, "billing.add_commissionrule")
    targets = {"product": product, "organization": organization, "category": category}
    _check_target(scope, {name for name, target in targets.items() if target is not None})
    if not (percent.is_finite() and 0 <= percent <= 100 and percent == round(percent, 2)):
        raise Invalid(_("Give a percentage from 0 to 100, with two decimal places at most."), field="percent")
    if valid_from < clock.now() - SLACK:
        raise Invalid(_("A rule begins now or later: what is booked already stays as it is."), field="valid_from")
    if valid_until is not None and valid_until <= valid_from:
        raise Invalid(_("The end must be after the start."), field="valid_until")
    reason = checked_reason(reason)
    try:
        with transaction.atomic():
            rule = CommissionRule.objects.create(
                scope=scope,
                percent=percent,
                valid_from=valid_from,
                valid_until=valid_until,
                note=reason,
                created_by=staff,
                **targets,
            )
    except IntegrityError as error:
        raise Conflict(_("Another rule for the same holds at that time. End it first."), field="valid_from") from error
    _record(rule, staff, "commission.added", f"Commission of {rule} from {valid_from:%Y-%m-%d %H:%M}: {reason}")
    return rule


@transaction.atomic
def end_commission_rule(*, staff: User, rule: CommissionRule, reason: str) -> CommissionRule:
    """The rule holds no longer; one that has not begun never will. Raises `NotAllowed`, `Invalid`, `Conflict`."""
    require_staff(staff, "billing.change_commissionrule")
    reason = checked_reason(reason)
    rule = CommissionRule.objects.select_for_update(of=("self",)).get(pk=rule.pk)
    end = max(clock.now(), rule.valid_from)
    if rule.valid_until is not None and rule.valid_until <= end:
        raise Conflict(_("This rule has ended already."))
    rule.valid_until = end
    rule.save(update_fields=["valid_until"])
    _record(rule, staff, "commission.ended", f"Commission of {rule} ended: {reason}")
    return rule


def _check_target(scope: CommissionScope, given: set[str]) -> None:
    needed = {
        CommissionScope.PRODUCT: {"product"},
        CommissionScope.CREATOR: {"organization"},
        CommissionScope.CATEGORY: {"category"},
        CommissionScope.PLATFORM: set[str](),
    }[scope]
    if given != needed:
        field = next(iter(needed or given))
        raise Invalid(_("Choose what belongs to the scope, and nothing else."), field=field)


def _record(rule: CommissionRule, staff: User, action: str, summary: str) -> None:
    owner = rule.organization or (rule.product.organization if rule.product else None)
    record_event(organization=owner, actor=staff, action=action, target=rule.public_id, summary=summary)
