"""Which of Stripe's prices stand for which plan: staff say it."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.accounts.staff import checked_reason, require_staff
from apps.billing.models import PlanPrice
from apps.core import clock
from apps.core.errors import Conflict, Invalid
from apps.core.values import check_line
from apps.plans.models import Plan
from apps.products.models import Product


@transaction.atomic
def add_plan_price(*, staff: User, product: Product, plan_slug: str, price: str, reason: str) -> PlanPrice:
    """Let a price of Stripe's stand for a plan that was sold, in its version on sale.

    Raises `NotAllowed`, `Invalid` for a plan without a price (Stripe charges no extra units), `Conflict` where the
    price stands for a plan already.
    """
    require_staff(staff, "billing.add_planprice")
    price = check_line(price, field="price", longest=100)
    reason = checked_reason(reason)
    plan = find_sold_plan(product, plan_slug)
    if plan is None:
        raise Invalid(_("The product has sold no plan of this name."), field="plan_slug")
    if plan.is_free:
        raise Invalid(_("Choose a plan with a price: Stripe charges that, and nothing else."), field="plan_slug")
    try:
        with transaction.atomic():
            added = PlanPrice.objects.create(
                product=product, plan_slug=plan_slug, price=price, note=reason, created_by=staff
            )
    except IntegrityError as error:
        raise Conflict(_("This price stands for a plan already."), field="price") from error
    _record(added, staff, "plan_price.added", f"Stripe's price {price} stands for the plan {plan.name}: {reason}")
    return added


@transaction.atomic
def remove_plan_price(*, staff: User, plan_price: PlanPrice, reason: str) -> PlanPrice:
    """Who subscribes to the price from now on is none of ours; subscriptions that run keep their plan."""
    require_staff(staff, "billing.change_planprice")
    reason = checked_reason(reason)
    running = PlanPrice.objects.select_for_update(of=("self",)).select_related("product")
    found = running.filter(pk=plan_price.pk, removed_at__isnull=True).first()
    if found is None:
        raise Conflict(_("This price stands for no plan any more."))
    found.removed_at = clock.now()
    found.save(update_fields=["removed_at"])
    _record(found, staff, "plan_price.removed", f"Stripe's price {found.price} stands for no plan any more: {reason}")
    return found


def find_sold_plan(product: Product, slug: str) -> Plan | None:
    """The version on sale, else the newest that was."""
    sold = Plan.objects.select_related("product").filter(product=product, slug=slug, published_at__isnull=False)
    return sold.on_sale().first() or sold.order_by("-version").first()


def _record(plan_price: PlanPrice, staff: User, action: str, summary: str) -> None:
    record_event(
        organization=plan_price.product.organization,
        actor=staff,
        action=action,
        target=plan_price.public_id,
        summary=summary,
    )
