from rest_framework import serializers

from apps.billing.enums import CheckoutAction, CheckoutKind, CheckoutStatus, InvoiceReason, InvoiceStatus, LineKind
from apps.billing.selectors import PAST_DUE
from apps.core.rest.fields import Answer, Input, Text
from apps.payments.enums import PaymentStatus
from apps.subscriptions.enums import ChangeKind, SubscriptionStatus
from apps.subscriptions.rest import SubscriptionSerializer


class SubscriptionQuery(Input):
    status = serializers.ChoiceField(SubscriptionStatus.choices, required=False)


class PlanChoice(Input):
    plan = serializers.CharField(max_length=40, help_text="The id of a plan on sale.")


class SubscribeInput(PlanChoice):
    coupon = Text(required=False, allow_blank=True, max_length=40, help_text="A code that takes something off.")
    overage_allowed = serializers.BooleanField(
        required=False, help_text="Whether extra units pass, and are charged, where the plan has such. By default not."
    )
    spend_cap_amount = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="What extra units of a period may cost, in minor units; null: up to the plan's own cap.",
    )


class OwedInvoiceSerializer(Answer):
    """An invoice in few words."""

    id = serializers.CharField(source="public_id")
    number = serializers.CharField()
    status = serializers.ChoiceField(InvoiceStatus.choices)
    currency = serializers.CharField()
    total_amount = serializers.IntegerField(help_text="Minor units of the currency.")


class CheckoutSerializer(Answer):
    """Open until its invoice is paid; without one it waits for the creator's approval, and can be paid after that."""

    id = serializers.CharField(source="public_id")
    kind = serializers.ChoiceField(CheckoutKind.choices)
    status = serializers.ChoiceField(CheckoutStatus.choices)
    subscription = serializers.CharField(source="subscription.public_id")
    plan = serializers.CharField(source="plan.public_id")
    invoice = OwedInvoiceSerializer(allow_null=True)
    next_action = serializers.ChoiceField(
        CheckoutAction.choices,
        allow_null=True,
        help_text="`pay`: `payCheckout`, with a card or on the provider's page. `approval`: by the creator.",
    )
    expires_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class PurchaseSerializer(Answer):
    subscription = SubscriptionSerializer()
    checkout = CheckoutSerializer(allow_null=True, help_text="What is to be paid; null where nothing is.")


class QuoteSerializer(Answer):
    kind = serializers.ChoiceField([kind.value for kind in ChangeKind], help_text="At once, or when the period ends.")
    effective_at = serializers.DateTimeField()
    period_start = serializers.DateTimeField(source="start", help_text="What is paid for, half-open.")
    period_end = serializers.DateTimeField(source="end")
    currency = serializers.CharField(source="plan.currency")
    charge_amount = serializers.IntegerField(source="proration.charge_amount")
    credit_amount = serializers.IntegerField(
        source="proration.credit_amount", help_text="For what was paid and is left."
    )
    discount_amount = serializers.IntegerField(source="proration.discount_amount", help_text="For a coupon.")
    due_tax_amount = serializers.IntegerField(
        allow_null=True, help_text="What tax adds to it; null where that is known once the invoice is issued."
    )
    due_amount = serializers.IntegerField(
        source="due_total_amount", help_text="The charge less the other two, with that tax: to be paid now."
    )
    counts_on = serializers.BooleanField(
        help_text="Whether what was used of the running quotas counts against the new ones, or those begin anew."
    )
    renewal_tax_amount = serializers.IntegerField(allow_null=True, help_text="Likewise, at today's rate.")
    renewal_amount = serializers.IntegerField(
        source="renewal_total_amount",
        help_text="At the next renewal, less a coupon that holds then, with that tax.",
    )


class InvoiceLineSerializer(Answer):
    kind = serializers.ChoiceField(LineKind.choices)
    description = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_amount = serializers.DecimalField(
        max_digits=28, decimal_places=8, help_text="As the plan says it: with tax where `tax_inclusive`."
    )
    amount = serializers.IntegerField(help_text="Without tax.")
    tax_percent = serializers.DecimalField(max_digits=6, decimal_places=3)
    tax_amount = serializers.IntegerField()
    period_start = serializers.DateTimeField()
    period_end = serializers.DateTimeField()


class InvoiceSerializer(OwedInvoiceSerializer):
    reason = serializers.ChoiceField(InvoiceReason.choices)
    subscription = serializers.CharField(source="subscription.public_id")
    product = serializers.CharField(source="product.slug")
    subtotal_amount = serializers.IntegerField(help_text="Without tax.")
    tax_amount = serializers.IntegerField()
    tax_name = serializers.CharField(allow_blank=True)
    tax_inclusive = serializers.BooleanField(help_text="Whether the prices contained the tax.")
    tax_note = serializers.CharField(allow_blank=True, help_text="Such as that the reverse charge applies.")
    credited_amount = serializers.IntegerField(help_text="The sum of its credit notes, with tax.")
    due_amount = serializers.IntegerField(help_text="What paying it charges; 0 where it is paid or void.")
    period_start = serializers.DateTimeField()
    period_end = serializers.DateTimeField()
    issued_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    paid_at = serializers.DateTimeField(allow_null=True)
    voided_at = serializers.DateTimeField(allow_null=True)
    next_attempt_at = serializers.DateTimeField(
        allow_null=True, help_text="When the default card is tried again, after a charge failed."
    )


class InvoiceDetailSerializer(InvoiceSerializer):
    lines = InvoiceLineSerializer(many=True)


_ISSUED = [choice for choice in InvoiceStatus.choices if choice[0] != InvoiceStatus.DRAFT]


class InvoiceQuery(Input):
    status = serializers.ChoiceField(
        [*_ISSUED, (PAST_DUE, "Past due")], required=False,
        help_text="`past_due`: open, though it should have been charged.",
    )  # fmt: skip
    product = serializers.CharField(max_length=100, required=False, help_text="As in an invoice's `product`.")
    issued_from = serializers.DateField(required=False, help_text="A day (UTC).")
    issued_to = serializers.DateField(required=False, help_text="A day (UTC), which is within.")
    search = serializers.CharField(max_length=100, required=False, help_text="In numbers and names of products.")


class ProductInvoiceQuery(Input):
    status = serializers.ChoiceField(_ISSUED, required=False)
    subscription = serializers.CharField(max_length=40, required=False, help_text="The id of a consumer's.")


class CheckoutQuery(Input):
    status = serializers.ChoiceField(CheckoutStatus.choices, required=False)


class PayInput(Input):
    method = serializers.CharField(
        max_length=40,
        required=False,
        help_text="The id of a payment method. Without one, where cards are typed on the provider's page: the payment "
        "is `requires_action`, and `action_url` is that page, which keeps the card for renewals, too.",
    )


class PaymentSerializer(Answer):
    id = serializers.CharField(source="public_id")
    status = serializers.ChoiceField(PaymentStatus.choices)
    amount = serializers.IntegerField(help_text="Minor units of the currency.")
    currency = serializers.CharField()
    invoice = serializers.CharField(source="reference")
    method = serializers.CharField(
        source="method.public_id", allow_null=True, help_text="Null until a card is typed on the provider's page."
    )
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)
    action_url = serializers.CharField(
        help_text="Where the cardholder confirms it or types their card, while it is `requires_action`."
    )
