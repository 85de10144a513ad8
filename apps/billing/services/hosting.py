"""What staff say of a hosting plan."""

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.audit import record_event
from apps.accounts.models import User
from apps.accounts.staff import checked_reason, require_staff
from apps.billing.hosting import find_terms
from apps.billing.models import HostingTerms
from apps.core.errors import Conflict, Invalid
from apps.plans.models import Plan
from apps.products.hosting import is_hosting
from apps.subscriptions.locks import lock_product_of_sale
from apps.subscriptions.selectors import count_subscribers


@transaction.atomic
def set_hosting_terms(*, staff: User, plan: Plan, products_max: int | None, reason: str) -> HostingTerms:
    """How many products may be published under this version of a hosting plan; None is any number.

    Raises `NotAllowed`, `Invalid` for a plan of another product, `Conflict` where the version is not on sale any more,
    or somebody is subscribed to it: what was sold stays.
    """
    require_staff(staff, "billing.change_hostingterms")
    reason = checked_reason(reason)
    if not is_hosting(plan.product):
        raise Invalid(_("Choose a plan of the product that sells hosting."), field="plan")
    if any(not quota.charges_extra for quota in plan.quotas.all()):
        raise Invalid(_("Calls are never refused for hosting: let the plan charge the extra ones."), field="plan")
    lock_product_of_sale(plan.product_id)
    plan.refresh_from_db(fields=["withdrawn_at"])
    if plan.withdrawn_at is not None:
        raise Conflict(_("This version has been replaced or withdrawn. Change the current one."))
    if find_terms(plan) is not None and count_subscribers(plan):
        raise Conflict(_("Creators are subscribed to this version. Revise the plan, and set the terms of the new one."))
    terms, _created = HostingTerms.objects.update_or_create(
        plan=plan,
        defaults={"products_max": products_max},
        create_defaults={"products_max": products_max, "created_by": staff},
    )
    most = "any number of products" if products_max is None else f"{products_max} products"
    record_event(
        organization=plan.product.organization,
        actor=staff,
        action="hosting.terms_set",
        target=plan.public_id,
        summary=f"Hosting plan {terms}: {most}: {reason}",
    )
    return terms
