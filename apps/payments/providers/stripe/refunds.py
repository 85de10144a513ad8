import stripe

from apps.payments.providers.base import RefundResult
from apps.payments.providers.stripe.amounts import NotSendable, to_stripe
from apps.payments.providers.stripe.charges import NOT_SENDABLE
from apps.payments.providers.stripe.client import asking, client
from apps.payments.providers.stripe.names import KEY

NOT_REFUNDABLE = "charge_not_refundable"


def refund(*, idempotency_key: str, charge_reference: str, amount: int, currency: str) -> RefundResult:
    try:
        with asking(idempotency_key):
            made = client().v1.refunds.create(
                {
                    "payment_intent": charge_reference,
                    "amount": to_stripe(amount, currency),
                    "metadata": {KEY: idempotency_key},
                },
                {"idempotency_key": idempotency_key},
            )
    except NotSendable:
        return RefundResult("", NOT_SENDABLE)
    except (stripe.InvalidRequestError, stripe.CardError) as error:
        return RefundResult("", error.code or NOT_REFUNDABLE)
    return as_it_stands(made)


def find(*, idempotency_key: str, charge_reference: str, reference: str) -> RefundResult | None:
    try:
        with asking():
            if reference:
                return as_it_stands(client().v1.refunds.retrieve(reference))
            made = client().v1.refunds.list({"payment_intent": charge_reference, "limit": 100})
            ours = (each for each in made.auto_paging_iter() if _key_of(each) == idempotency_key)
            found = next(ours, None)
    except stripe.InvalidRequestError:
        return None
    return None if found is None else as_it_stands(found)


def as_it_stands(refund: stripe.Refund) -> RefundResult:
    if refund.status in {"failed", "canceled"}:
        return RefundResult(refund.id, getattr(refund, "failure_reason", None) or refund.status)
    return RefundResult(refund.id, is_pending=refund.status != "succeeded")


def _key_of(refund: stripe.Refund) -> str:
    return str(refund.metadata.to_dict().get(KEY, "")) if refund.metadata else ""
