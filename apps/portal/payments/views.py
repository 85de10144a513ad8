from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.permissions import Action
from apps.billing.models import Invoice
from apps.core.errors import Conflict, NotFound
from apps.payments import services
from apps.payments.enums import PaymentStatus, Provider
from apps.payments.errors import decline_message
from apps.payments.models import Payment
from apps.payments.selectors import get_payment, get_sandbox_account
from apps.portal.access import PortalRequest, organization_page
from apps.portal.payments.forms import AccountForm


@require_safe
@organization_page
def payment(request: PortalRequest, payment_id: str) -> HttpResponse:
    """Where a bank leads back to: the provider is asked what became of the payment."""
    found = get_payment(request.actor, public_id=payment_id)
    return _lead_back(request, services.collect_payment(payment=found))


@require_http_methods(["GET", "HEAD", "POST"])
@organization_page
def confirm(request: PortalRequest, payment_id: str) -> HttpResponse:
    """The page that stands for the cardholder's bank."""
    found = get_payment(request.actor, public_id=payment_id)
    if found.provider != Provider.SANDBOX:
        raise NotFound
    if found.status != PaymentStatus.REQUIRES_ACTION:
        return _lead_back(request, found)
    if request.method != "POST":
        return render(request, "payments/confirm.html", {"payment": found})
    done = services.answer_bank(actor=request.actor, payment=found, confirms=request.POST.get("answer") == "confirm")
    return _lead_back(request, done)


@require_POST
@organization_page
def give_up(request: PortalRequest, payment_id: str) -> HttpResponse:
    """Pay in another way: what waits for its confirmation is given up."""
    found = get_payment(request.actor, public_id=payment_id)
    try:
        found = services.give_up_payment(actor=request.actor, payment=found)
    except Conflict as refusal:
        messages.error(request, refusal.message)
    if found.status == PaymentStatus.FAILED:
        return redirect(_page_of(found))
    return _lead_back(request, found)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_page
def account(request: PortalRequest, account: str) -> HttpResponse:
    """The page that stands for the provider's own, on which a creator says who they are and where money goes."""
    request.actor.require(Action.BILLING_MANAGE)
    found = get_sandbox_account(request.actor, reference=account)
    form = AccountForm(request.POST if request.method == "POST" else None, initial={"conduct": found.conduct})
    if form.is_valid():
        services.set_up_sandbox_account(actor=request.actor, account=found, conduct=form.cleaned_data["conduct"])
        messages.success(request, _("The account is set up."))
        return redirect(_return_url(request))
    status = 422 if form.is_bound else 200
    return render(request, "payments/sandbox_account.html", {"account": found, "form": form}, status=status)


def _lead_back(request: HttpRequest, payment: Payment) -> HttpResponse:
    """To the page of what was paid, with what became of it."""
    if payment.status == PaymentStatus.SUCCEEDED:
        messages.success(request, _("The payment is confirmed, and the invoice is paid."))
    elif payment.status == PaymentStatus.FAILED:
        messages.error(request, decline_message(payment.decline_code))
    return redirect(_page_of(payment))


def _page_of(payment: Payment) -> str:
    """A purchase that is finished leads to what was bought, one that is not back to its checkout."""
    start = f"/o/{payment.organization.slug}"
    invoice = Invoice.objects.select_related("subscription").filter(public_id=payment.reference).first()
    if invoice is None:
        return f"{start}/billing/"
    checkout = getattr(invoice, "checkout", None)
    if checkout is None:
        return f"{start}/billing/invoices/{invoice.public_id}/"
    if payment.status == PaymentStatus.SUCCEEDED:
        return f"{start}/subscriptions/{invoice.subscription.public_id}/"
    return f"{start}/billing/checkouts/{checkout.public_id}/"


def _return_url(request: PortalRequest) -> str:
    """A page of ours that the account was set up for, or the organization's first one."""
    wanted = request.GET.get("return_url", "").removeprefix(settings.WEB_URL)
    own = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if wanted and own else f"/o/{request.actor.organization.slug}/"
