"""Cards that an organization has saved; the token is one that the sandbox would have given."""

import factory

from apps.payments.models import PaymentMethod
from tests.factories.accounts import OrganizationFactory


class PaymentMethodFactory(factory.django.DjangoModelFactory[PaymentMethod]):
    class Meta:
        model = PaymentMethod

    class Params:
        behaviour = "succeeds"

    organization = factory.SubFactory(OrganizationFactory)
    provider = "sandbox"
    token = factory.LazyAttribute(lambda card: f"sbx:{card.behaviour}:visa:{card.last4}:2060-12:test")
    brand = "visa"
    last4 = "4242"
    exp_month = 12
    exp_year = 2060
    is_default = False
