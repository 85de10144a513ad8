"""The names under which our keys and ids stand in Stripe's metadata."""

KEY = "idempotency_key"
ORGANIZATION = "organization"
