"""API keys. A test that needs the secret makes one with `apps.keys.secret.generate` and passes its parts."""

import factory

from apps.keys import secret
from apps.keys.models import ApiKey
from tests.factories.subscriptions import SubscriptionFactory


class ApiKeyFactory(factory.django.DjangoModelFactory[ApiKey]):
    class Meta:
        model = ApiKey

    class Params:
        generated = factory.LazyFunction(secret.generate)

    subscription = factory.SubFactory(SubscriptionFactory)
    name = "test"
    prefix = factory.LazyAttribute(lambda key: key.generated.prefix)
    last4 = factory.LazyAttribute(lambda key: key.generated.last4)
    digest = factory.LazyAttribute(lambda key: key.generated.digest)
