from django.db import models
from django.utils.translation import gettext_lazy as _


class InvoiceStatus(models.TextChoices):
    """Stripe's words. A draft has no number and may change; from `open` on, its money is fixed."""

    DRAFT = "draft", _("Draft")
    OPEN = "open", _("Open")
    PAID = "paid", _("Paid")
    VOID = "void", _("Void")
    UNCOLLECTIBLE = "uncollectible", _("Uncollectible")


class InvoiceReason(models.TextChoices):
    """What made the invoice."""

    SUBSCRIBE = "subscribe", _("New subscription")
    PLAN_CHANGE = "plan_change", _("Change of plan")
    RENEWAL = "renewal", _("Renewal")
    # Units beyond the plan that no renewal comes after: the subscription is canceled, or goes on in another currency.
    USAGE = "usage", _("Usage beyond the plan")

    @classmethod
    def automatic(cls) -> frozenset["InvoiceReason"]:
        """Those that are charged to the default card; a person pays the others in a checkout."""
        return frozenset({cls.RENEWAL, cls.USAGE})


class LineKind(models.TextChoices):
    PLAN = "plan", _("Plan")
    PRORATION_CHARGE = "proration_charge", _("Rest of the period, new plan")
    PRORATION_CREDIT = "proration_credit", _("Rest of the period, previous plan")
    OVERAGE = "overage", _("Overage")
    DISCOUNT = "discount", _("Discount")
    ROUNDING = "rounding", _("Rounding")


class CheckoutKind(models.TextChoices):
    SUBSCRIBE = "subscribe", _("Subscribe")
    PLAN_CHANGE = "plan_change", _("Change the plan")


class CheckoutStatus(models.TextChoices):
    OPEN = "open", _("Open")
    COMPLETED = "completed", _("Completed")
    EXPIRED = "expired", _("Expired")


class CheckoutAction(models.TextChoices):
    """What an open checkout waits for."""

    PAY = "pay", _("To be paid")
    APPROVAL = "approval", _("To be approved by the creator")


class CouponDuration(models.TextChoices):
    """For how many billing periods a coupon holds."""

    ONCE = "once", _("for the first period")
    REPEATING = "repeating", _("for several periods")
    FOREVER = "forever", _("for every period")


class CreditReason(models.TextChoices):
    """Why something of an invoice is taken back."""

    GOODWILL = "goodwill", _("Goodwill")
    SERVICE = "service", _("The service was not as promised")
    USAGE = "usage", _("Calls that were disputed")
    DUPLICATE = "duplicate", _("Charged twice")
    FRAUDULENT = "fraudulent", _("Fraudulent purchase")
    # The product's own: what was paid for could not be given.
    NOT_GIVEN = "not_given", _("Paid for something that was not given")
    # Given back at the provider, and not by way of this product.
    AT_PROVIDER = "at_provider", _("Refunded at the payment provider")

    @classmethod
    def by_people(cls) -> list["CreditReason"]:
        """What a creator can give as the reason; the others follow from what happened."""
        return [cls.GOODWILL, cls.SERVICE, cls.DUPLICATE, cls.FRAUDULENT]


class CaseStatus(models.TextChoices):
    """What became of calls that a consumer disputes."""

    OPEN = "open", _("Open")
    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class CommissionScope(models.TextChoices):
    """What a commission rule is about, the narrowest first: the first one that has a rule counts."""

    PRODUCT = "product", _("Product")
    CREATOR = "creator", _("Creator")
    CATEGORY = "category", _("Category")
    PLATFORM = "platform", _("Platform")


class TaxReportStatus(models.TextChoices):
    """What became of telling Stripe's tax reports of an invoice or a credit note."""

    WAITING = "waiting", _("Waiting")
    REPORTED = "reported", _("Reported")
    # Stripe's answer was no; staff may have it asked again.
    REFUSED = "refused", _("Refused")
