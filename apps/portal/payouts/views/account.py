"""Where a creator's money goes, and the way to the provider's own page."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.permissions import Action
from apps.payments.errors import ProviderUnavailable
from apps.payouts import selectors, services
from apps.payouts.enums import AccountStatus, PayoutMethod
from apps.portal.access import PortalRequest, organization_page
from apps.portal.forms import carried_out
from apps.portal.payouts.forms import AccountForm, initial_of


@require_http_methods(["GET", "HEAD", "POST"])
@organization_page
def edit(request: PortalRequest) -> HttpResponse:
    actor = request.actor
    actor.require(Action.PAYOUTS_MANAGE)
    account = selectors.find_account(actor)
    form = AccountForm(request.POST if request.method == "POST" else None, initial=initial_of(account))
    if form.is_valid():
        saved = carried_out(form, lambda: services.save_account(actor=actor, details=form.details()))
        if saved is not None:
            messages.success(request, _("Saved."))
            needs_more = saved.method == PayoutMethod.PROVIDER and saved.status != AccountStatus.ACTIVE
            page = "portal:payout-account" if needs_more else "portal:payouts"
            return redirect(page, actor.organization.slug)
    status = 422 if form.is_bound else 200
    return render(request, "payouts/account.html", {"account": account, "form": form}, status=status)


@require_POST
@organization_page
def verify(request: PortalRequest) -> HttpResponse:
    """Go to the provider's page, which leads back."""
    slug = request.actor.organization.slug
    back, again = (
        settings.WEB_URL + reverse(f"portal:{name}", args=[slug])
        for name in ("payout-account-verified", "payout-account")
    )
    try:
        return redirect(services.start_onboarding(actor=request.actor, return_url=back, refresh_url=again))
    except ProviderUnavailable:
        messages.error(request, _("The payment provider does not answer. Try again in a moment."))
        return redirect("portal:payout-account", slug)


@require_safe
@organization_page
def verified(request: PortalRequest) -> HttpResponse:
    """Back from the provider's page: ask how the account stands now."""
    request.actor.require(Action.PAYOUTS_MANAGE)
    account = selectors.find_account(request.actor)
    if account is not None:
        account = services.refresh_account(account=account)
        if account.status == AccountStatus.ACTIVE:
            messages.success(request, _("You can be paid now."))
            return redirect("portal:payouts", request.actor.organization.slug)
    return redirect("portal:payout-account", request.actor.organization.slug)
