"""Who is billed, what was taken back, what is disputed."""

from rest_framework import serializers

from apps.billing.enums import CaseStatus, CreditReason
from apps.billing.models.tax import ADDRESS_MAX, LEGAL_NAME_MAX, POSTAL_CODE_MAX, STATE_MAX
from apps.billing.services.cases import TEXT_MAX
from apps.billing.services.crediting import NOTE_MAX
from apps.core.rest.fields import Answer, Input, Text
from apps.payments.enums import DisputeStatus, RefundStatus

_MINOR = "Minor units of the invoice's currency, with tax."


class ProfileInput(Input):
    legal_name = Text(max_length=LEGAL_NAME_MAX, required=False, default="", allow_blank=True)
    address = Text(max_length=ADDRESS_MAX, required=False, default="", allow_blank=True)
    country = serializers.CharField(
        max_length=2, required=False, default="", allow_blank=True, help_text="ISO 3166, two letters."
    )
    postal_code = Text(
        max_length=POSTAL_CODE_MAX, required=False, default="", allow_blank=True,
        help_text="What tax is reckoned by in some countries; on invoices stands the address.",
    )  # fmt: skip
    state = Text(max_length=STATE_MAX, required=False, default="", allow_blank=True, help_text="Likewise, such as CA.")
    tax_id = Text(max_length=60, required=False, default="", allow_blank=True, help_text="Of that country.")
    email = Text(
        max_length=254, required=False, default="", allow_blank=True,
        help_text="Gets a copy of each paid invoice and credit note.",
    )  # fmt: skip


class ProfileSerializer(Answer):
    """All of it empty where nothing was said yet."""

    legal_name = serializers.CharField()
    address = serializers.CharField()
    country = serializers.CharField()
    postal_code = serializers.CharField()
    state = serializers.CharField()
    tax_id = serializers.CharField()
    email = serializers.CharField()


class CreditNoteQuery(Input):
    invoice = serializers.CharField(max_length=40, required=False, help_text="The id of an invoice.")


class CreditNoteSerializer(Answer):
    id = serializers.CharField(source="public_id")
    number = serializers.CharField()
    invoice = serializers.CharField(source="invoice.public_id")
    reason = serializers.ChoiceField(CreditReason.choices)
    note = serializers.CharField()
    currency = serializers.CharField(source="invoice.currency")
    subtotal_amount = serializers.IntegerField(help_text="Without tax.")
    tax_amount = serializers.IntegerField()
    total_amount = serializers.IntegerField()
    is_refund = serializers.BooleanField(help_text="Given back to the card that paid; else, not to be paid any more.")
    refund_status = serializers.ChoiceField(
        RefundStatus.choices, allow_null=True,
        help_text="What became of giving it back. Null: nothing was, or not by way of this platform.",
    )  # fmt: skip
    issued_at = serializers.DateTimeField()


class UsedDaySerializer(Answer):
    day = serializers.DateField(help_text="UTC.")
    units = serializers.IntegerField()


class LineEvidenceSerializer(Answer):
    """What a line of extra units is evidenced by, as stored now; nothing where a line charges no usage."""

    used_units = serializers.IntegerField()
    included_units = serializers.IntegerField(allow_null=True)
    extra_units = serializers.IntegerField(help_text="Beyond the included ones, before any cap.")
    days = UsedDaySerializer(many=True)


class BillingSumsSerializer(Answer):
    """Minor units, tax included. Void invoices count nowhere."""

    currency = serializers.CharField()
    issued_amount = serializers.IntegerField()
    credited_amount = serializers.IntegerField()
    paid_amount = serializers.IntegerField()
    due_amount = serializers.IntegerField()


class UpcomingRenewalSerializer(Answer):
    subscription = serializers.CharField(source="subscription.public_id")
    product = serializers.CharField(source="subscription.product.slug")
    renews_at = serializers.DateTimeField(source="at")
    currency = serializers.CharField()
    amount = serializers.IntegerField(help_text="With `tax_amount` where that is known; extra units come on top.")
    tax_amount = serializers.IntegerField(allow_null=True, help_text="Null: known once the invoice is issued.")


class MonthQuery(Input):
    month = serializers.RegexField(
        r"^20[0-9]{2}-(0[1-9]|1[0-2])$", required=False, help_text="Such as 2026-11; the running one (UTC) without it."
    )


class BillingMonthSerializer(Answer):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    invoices = serializers.ListField(child=serializers.CharField(), help_text="The ids of those issued in it.")
    credit_notes = serializers.ListField(child=serializers.CharField())
    sums = BillingSumsSerializer(many=True)
    upcoming = UpcomingRenewalSerializer(many=True, help_text="The renewals to come, as they stand now.")


class CreditedLineInput(Input):
    line = serializers.IntegerField(min_value=1, help_text="Which line of the invoice, counted from 1.")
    amount = serializers.IntegerField(help_text="Without tax, minor units; of a discount, below zero.")


class RefundInput(Input):
    reason = serializers.ChoiceField([(reason.value, reason.label) for reason in CreditReason.by_people()])
    note = Text(max_length=NOTE_MAX, required=False, default="", allow_blank=True, help_text="The consumer reads it.")
    amount = serializers.IntegerField(
        required=False, min_value=1, help_text=f"{_MINOR} Without it and `lines`: all that is left."
    )
    lines = CreditedLineInput(many=True, required=False)


class DisputeSerializer(Answer):
    """Money that the cardholder's bank has taken back."""

    id = serializers.CharField(source="public_id")
    status = serializers.ChoiceField(DisputeStatus.choices)
    reason = serializers.CharField()
    amount = serializers.IntegerField(help_text="Minor units of the currency.")
    currency = serializers.CharField()
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class CaseQuery(Input):
    status = serializers.ChoiceField(CaseStatus.choices, required=False)


class CaseInput(Input):
    text = Text(max_length=TEXT_MAX, help_text="What is wrong; the creator reads it.")
    asked_amount = serializers.IntegerField(min_value=1, help_text=_MINOR)
    first_day = serializers.DateField(required=False, help_text="Days (UTC), both of them meant; both or neither.")
    last_day = serializers.DateField(required=False)
    endpoint = serializers.CharField(max_length=40, required=False, help_text="The id of an endpoint of the product.")


class CaseSerializer(Answer):
    id = serializers.CharField(source="public_id")
    status = serializers.ChoiceField(CaseStatus.choices)
    invoice = serializers.CharField(source="line.invoice.public_id")
    line = serializers.IntegerField(source="line.position", help_text="Which line of the invoice, counted from 1.")
    first_day = serializers.DateField(allow_null=True)
    last_day = serializers.DateField(allow_null=True)
    endpoint = serializers.CharField(source="endpoint.public_id", default=None, allow_null=True)
    text = serializers.CharField()
    asked_amount = serializers.IntegerField(help_text=_MINOR)
    currency = serializers.CharField(source="line.invoice.currency")
    answer = serializers.CharField()
    credit_note = serializers.CharField(source="credit_note.public_id", default=None, allow_null=True)
    opened_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class AcceptInput(Input):
    amount = serializers.IntegerField(required=False, min_value=1, help_text=f"{_MINOR} Left out: what was asked for.")
    answer = Text(max_length=TEXT_MAX, required=False, default="", allow_blank=True)


class RefuseInput(Input):
    answer = Text(max_length=TEXT_MAX)
