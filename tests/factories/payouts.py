"""Where creators are paid to."""

import datetime as dt

import factory

from apps.payouts.models import PayoutAccount
from tests.factories.accounts import OrganizationFactory


class PayoutAccountFactory(factory.django.DjangoModelFactory[PayoutAccount]):
    """Ready to be paid by hand; `on_schedule` and `by_provider` are the other ways."""

    class Meta:
        model = PayoutAccount

    class Params:
        by_provider = factory.Trait(method="provider", provider="sandbox", provider_account="", bank_account="")
        on_schedule = factory.Trait(schedule="weekly", scheduled_on=dt.date(2026, 1, 5))

    organization = factory.SubFactory(OrganizationFactory)
    method = "bank"
    status = "active"
    legal_name = "Northwind Ltd"
    address = "1 Harbour Road\n10115 Berlin"
    country = "DE"
    bank_account = "DE89370400440532013000"
    currency = "USD"
    schedule = "on_request"
