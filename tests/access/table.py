"""Who gets in, by the name of each address of the web process. A new address stands here, or a test fails.

After a name: nothing — a page to read; `+` — read and written; `!` — only written (POST, and for the REST API PATCH,
PUT and DELETE). The admin's addresses are `STAFF` without being named: they follow from the models registered there.
"""

from enum import Enum


class Guard(Enum):
    EVERYBODY = "anybody, signed in or not"
    SIGNED_IN = "every person with an account, about their own things"
    CONSUMER = "members of the organization that has the subscription"
    CREATOR = "members of the organization that owns the product"
    STAFF = "staff with the rights for it"


_TABLE: dict[Guard, str] = {
    Guard.EVERYBODY: """
        healthz metrics hello-ping hello-echo! rest-openapi rest-docs rest-redoc
        portal:home portal:theme! portal:product-list portal:product portal:product-endpoint
        portal:product-endpoints portal:product-plans portal:product-changelog portal:product-support portal:logo
        portal:product-openapi-json portal:product-openapi-yaml
        rest-categories rest-catalog rest-catalog-product rest-catalog-endpoints rest-catalog-plans
        rest-catalog-openapi
        portal:mailbox portal:mail portal:style-guide
    """,
    Guard.SIGNED_IN: """
        portal:subscribe+ portal:endpoint-try! portal:organization-new+ portal:notices portal:notices-read!
        rest-me rest-organizations rest-notices rest-notices-read!
    """,
    Guard.CONSUMER: """
        portal:dashboard portal:subscriptions portal:subscription portal:subscription-usage-csv
        portal:subscription-keys portal:key-create! portal:key portal:key-change! portal:key-rotate! portal:key-revoke!
        portal:key-signing-secret!
        portal:subscription-requests portal:subscription-request portal:subscription-manage portal:subscription-cancel!
        portal:subscription-overage!
        portal:requests portal:request portal:notice portal:notice-read!
        portal:plan-change portal:plan-change-start! portal:plan-change-undo! portal:subscription-cancel-later!
        portal:subscription-checkout! portal:checkout portal:checkout-pay+ portal:invoices portal:invoice
        portal:invoice-pdf portal:invoice-receipt portal:invoice-line+ portal:invoice-line-csv portal:credit-note-pdf
        portal:case-withdraw! portal:billing-month portal:billing-profile+
        portal:payment portal:payment-confirm+ portal:payment-give-up! rest-payment-cancel! portal:checkout-coupon!
        portal:card-hosted! portal:card-saved rest-redeem-coupon!
        portal:invoice-pay+ portal:cards portal:card-add! portal:card-default! portal:card-remove!
        rest-subscriptions+ rest-subscription+ rest-subscription-cancel! rest-subscription-undo!
        rest-keys+ rest-key+ rest-key-rotate! rest-key-revoke! rest-key-signing-secret! rest-quotas
        rest-payment-methods+ rest-payment-method-hosted! rest-payment-method+
        rest-payment-method-default! rest-quote rest-change-plan!
        rest-checkouts rest-checkout rest-checkout-pay! rest-invoices rest-invoice rest-invoice-pdf rest-invoice-pay!
        rest-receipt-pdf rest-invoice-disputes rest-line-cases! rest-billing-profile+ rest-credit-notes rest-credit-note
        rest-credit-note-pdf rest-cases rest-case rest-case-withdraw! rest-line-evidence rest-billing-month
        portal:tokens portal:token-create! portal:token-revoke!
        rest-tokens+ rest-token rest-token-revoke!
        rest-usage rest-usage-endpoints rest-usage-keys rest-requests rest-request rest-notice-read!
    """,
    Guard.CREATOR: """
        portal:studio portal:studio-product-new+ portal:studio-product-import+ portal:studio-product
        portal:studio-publish! portal:studio-unpublish!
        portal:studio-endpoints portal:studio-endpoint-new+ portal:studio-endpoint+ portal:studio-endpoint-remove!
        portal:studio-endpoints-move! portal:studio-endpoint-deprecate! portal:studio-endpoint-undeprecate!
        portal:studio-imports+ portal:studio-import portal:studio-import-apply! portal:studio-import-discard!
        portal:studio-tiers+ portal:studio-tier-rename! portal:studio-tier-remove!
        portal:studio-plans portal:studio-plan-new+ portal:studio-plan+ portal:studio-plan-publish!
        portal:studio-plan-withdraw! portal:studio-plan-grant! portal:studio-plan-revoke!
        portal:studio-invoices portal:studio-invoice+ portal:studio-invoice-pdf portal:studio-credit-note-pdf
        portal:hosting portal:hosting-choose! rest-hosting
        portal:studio-cases portal:studio-case+ portal:studio-coupons+ portal:studio-coupon-archive!
        portal:studio-plan-migrate! portal:sandbox-account+ rest-coupons+ rest-coupon-archive! rest-migrate!
        portal:studio-consumers portal:studio-consumer portal:studio-consumer-ban! portal:studio-consumer-lift-ban!
        portal:studio-consumer-pause! portal:studio-consumer-resume!
        portal:studio-consumer-reset! portal:studio-consumer-approve! portal:studio-consumer-decline!
        portal:studio-changelog portal:studio-change-new+ portal:studio-change+ portal:studio-change-publish!
        portal:studio-change-unpublish! portal:studio-change-remove!
        portal:studio-help portal:studio-question-new+ portal:studio-question+ portal:studio-question-move!
        portal:studio-question-remove! portal:studio-channel-new+ portal:studio-channel+ portal:studio-channel-move!
        portal:studio-channel-remove!
        portal:studio-lifecycle portal:studio-deprecate! portal:studio-undeprecate! portal:studio-retire!
        portal:studio-retirement-off! portal:studio-logo! portal:studio-logo-remove!
        portal:studio-usage portal:studio-usage-csv portal:studio-requests portal:studio-request
        portal:studio-settings+ portal:studio-secret! portal:studio-secret-prepare!
        portal:studio-secret-activate! portal:studio-secret-discard!
        portal:payouts portal:payout-request+ portal:payout-account+ portal:payout-account-verify!
        portal:payout-account-verified portal:payout-cancel! portal:statements portal:statement portal:statement-pdf
        portal:statement-csv
        rest-balances rest-payouts+ rest-payout rest-payout-cancel! rest-payout-account+ rest-statements rest-statement
        portal:members+ portal:member portal:member-role! portal:member-remove! portal:invitation-withdraw!
        portal:audit portal:settings+
        rest-organization+ rest-members
        rest-products+ rest-product+ rest-product-publish! rest-product-unpublish! rest-proxy-secret+
        rest-proxy-secret-activate! rest-proxy-secret-discard!
        rest-tiers+ rest-tier+ rest-endpoints+ rest-endpoint+ rest-endpoint-deprecate! rest-endpoint-undeprecate!
        rest-endpoints-move!
        rest-plans+ rest-plan+ rest-plan-publish! rest-plan-withdraw! rest-grants+ rest-grant!
        rest-product-deprecate! rest-product-undeprecate! rest-product-retire! rest-product-keep!
        rest-imports+ rest-import rest-apply! rest-product-openapi
        rest-product-cases rest-product-case rest-product-case-accept! rest-product-case-refuse!
        rest-product-invoices rest-product-invoice rest-product-invoice-disputes rest-invoice-refund!
        rest-consumers rest-consumer rest-consumer-approve! rest-consumer-decline! rest-consumer-pause!
        rest-consumer-ban! rest-consumer-lift-ban! rest-consumer-resume! rest-consumer-reset-quota!
    """,
    Guard.STAFF: "",
}

# Addresses that are tested elsewhere, by how their names begin, and why.
ELSEWHERE = {
    "account_": "sign-in, sign-up, the person's own account: django-allauth's (tests/portal/test_account_pages.py)",
    "mfa_": "the person's own second factor, likewise",
    "headless:": "the same for programs (tests/accounts)",
    "admin:log": "the way in and out, for everybody",
    "rest-keys-me": "is asked with an API key, not by a person",
    "stripe-webhook": "asks for the signature of Stripe, not for a person (tests/payments/test_stripe_webhook.py)",
    "rest-actions": "passes a call on to the gateway, which asks for an API key",
    "unknown": "what no address matches",
}

# Bodies that would be carried out: what is refused for its form alone, is refused whoever sends it.
# Names in braces are parameters of the world.
BODIES: dict[str, dict[str, object]] = {
    "rest-tiers": {"name": "Gold"},
    "rest-tier": {"name": "Gold"},
    "rest-endpoints": {"method": "GET", "path": "/new", "tier": "tier-0"},
    "rest-endpoints-move": {"endpoints": ["{endpoint_id}"], "tier": "tier-0"},
    "rest-grants": {"organization": "{granted}"},
    "rest-tokens": {"name": "CI", "scopes": ["usage:read"]},
    "rest-plans": {"name": "Gold", "tier": "tier-0", "price_amount": 100, "currency": "USD"},
    "rest-plan": {"name": "Gold", "tier": "tier-0", "price_amount": 100, "currency": "USD"},
    "rest-keys": {"name": "production"},
    "rest-key": {"name": "production"},
    "rest-apply": {"seen": "x"},
    "rest-change-plan": {"plan": "{plan_id}"},
    "rest-checkout-pay": {"method": "{method_id}"},
    "rest-invoice-pay": {"method": "{method_id}"},
    "rest-line-cases": {"text": "Not mine", "asked_amount": 1},
    "rest-product-case-accept": {"amount": 1},
    "rest-product-case-refuse": {"answer": "They were yours."},
    "rest-invoice-refund": {"reason": "goodwill", "amount": 1},
    "rest-coupons": {"code": "NEW", "percent": "5"},
    "rest-migrate": {"to": "{plan_id}", "when": "renewal"},
    "rest-redeem-coupon": {"code": "SPRING"},
    "rest-payouts": {"currency": "USD"},
    "rest-payout-account": {
        "method": "bank",
        "legal_name": "x",
        "address": "x",
        "country": "DE",
        "currency": "USD",
        "bank_account": "1234",
    },
    "portal:checkout-coupon": {"code": "SPRING"},
    "portal:payment-confirm": {"answer": "confirm"},
    "portal:sandbox-account": {"conduct": "takes"},
    "portal:studio-invoice": {"reason": "goodwill"},
    "portal:studio-coupons": {"code": "NEW", "percent": "5", "duration": "once"},
    "portal:studio-plan-migrate": {"from": "{plan_id}", "when": "renewal"},
    "portal:studio-plan-revoke": {"organization": "{granted}"},
}
# What a page must be asked with.
QUERIES = {"rest-quote": "?plan={other_plan_id}"}

READS, WRITES = {"", "+"}, {"+", "!"}
GUARDS: dict[str, tuple[Guard, str]] = {
    entry.rstrip("+!"): (guard, entry[len(entry.rstrip("+!")) :])
    for guard, entries in _TABLE.items()
    for entry in entries.split()
}
