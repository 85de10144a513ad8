"""The balance of a creator, what was paid out, and asking for more."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.permissions import Action
from apps.core import clock
from apps.payouts import amounts, selectors, services
from apps.payouts.enums import PayoutStatus
from apps.payouts.schedules import next_day
from apps.payouts.state import may_become
from apps.portal.access import PortalRequest, organization_page
from apps.portal.forms import carried_out
from apps.portal.payouts.forms import PayoutForm
from apps.products.selectors import list_products

PAGE_SIZE = 25


@require_safe
@organization_page
def index(request: PortalRequest) -> HttpResponse:
    return render(request, "payouts/payouts.html", _context(request, None))


@require_http_methods(["GET", "HEAD", "POST"])
@organization_page
def request_one(request: PortalRequest) -> HttpResponse:
    """Ask for a payout. The answer to a refusal stands at this address, so to read it leads to the list."""
    if request.method != "POST":
        return redirect("portal:payouts", request.actor.organization.slug)
    request.actor.require(Action.PAYOUTS_MANAGE)
    form = PayoutForm(request.POST, balances=selectors.list_balances(request.actor))
    if form.is_valid():
        payout = carried_out(form, lambda: services.request_payout(actor=request.actor, **form.cleaned_data))
        if payout is not None:
            waits = payout.status == PayoutStatus.PENDING_APPROVAL
            done = _("The payout waits for the approval of the platform.") if waits else _("The payout is on its way.")
            messages.success(request, done)
            return redirect("portal:payouts", request.actor.organization.slug)
    return render(request, "payouts/payouts.html", _context(request, form), status=422)


@require_POST
@organization_page
def cancel(request: PortalRequest, payout_id: str) -> HttpResponse:
    payout = selectors.get_payout(request.actor, public_id=payout_id)
    services.cancel_payout(actor=request.actor, payout=payout)
    messages.success(request, _("The payout is canceled. The amount is in your balance again."))
    return redirect("portal:payouts", request.actor.organization.slug)


def _context(request: PortalRequest, form: PayoutForm | None) -> dict[str, Any]:
    actor, balances = request.actor, selectors.list_balances(request.actor)
    account = selectors.find_account(actor)
    page = Paginator(selectors.list_payouts(actor), PAGE_SIZE).get_page(request.GET.get("page"))
    payable = [one for one in balances if one.payable_amount >= max(1, amounts.minimum(one.currency))]
    may_manage = actor.may(Action.PAYOUTS_MANAGE)
    return {
        "account": account,
        "balances": balances,
        "owing": [balance for balance in balances if balance.negative_amount],
        "page": page,
        "products": list(list_products(actor).order_by("name")) if actor.may(Action.CONSUMERS_MANAGE) else [],
        "rows": [(payout, may_manage and may_become(payout.status, PayoutStatus.CANCELED)) for payout in page],
        "next_day": next_day(account.schedule, clock.now().date()) if account else None,
        "may_request": may_manage and account is not None and account.is_ready and (bool(payable) or form is not None),
        "form": form or PayoutForm(balances=payable),
    }
