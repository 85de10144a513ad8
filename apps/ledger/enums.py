from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountKind(models.TextChoices):
    """What an account holds. A debit is a positive posting, a credit a negative one."""

    # An asset: what the payment provider holds for the platform.
    PROVIDER_CASH = "provider_cash", _("Cash at the payment provider")
    # A liability, one for each creator: their share of what consumers paid.
    CREATOR_PAYABLE = "creator_payable", _("Owed to the creator")
    # Income: the platform's share.
    PLATFORM_COMMISSION = "platform_commission", _("Commission of the platform")
    # A liability: tax that was collected and is not ours.
    TAX_PAYABLE = "tax_payable", _("Tax owed")
    # An expense: what the provider keeps for charges, transfers and disputes.
    PROVIDER_FEES = "provider_fees", _("Fees of the payment provider")
    # A liability: taken from what is owed to creators, and on its way to them.
    PAYOUTS_IN_TRANSIT = "payouts_in_transit", _("Payouts on their way")
    # An expense: what creators owe and will not pay any more.
    PLATFORM_LOSSES = "platform_losses", _("Losses of the platform")
    # Income: what creators pay for hosting.
    PLATFORM_HOSTING = "platform_hosting", _("Hosting paid by creators")
    # An asset: the platform's own account at a bank, from which staff pay by hand.
    PLATFORM_BANK = "platform_bank", _("Cash at the bank")
