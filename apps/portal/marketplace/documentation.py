"""The address and the code samples of an endpoint, as its documentation shows them."""

from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings

from apps.keys.enums import KeyScope
from apps.plans.models import Plan
from apps.products.models import Endpoint, Product
from apps.products.openapi.operation import Operation, parse_operation
from apps.products.paths import parse_template
from apps.products.samples import CodeSample, code_samples
from apps.products.samples.request import KEY_PLACEHOLDER, sample_request
from apps.products.selectors import list_endpoints

# Among how many endpoints the simplest is looked for.
FIRST_CALL_CANDIDATES = 50


@dataclass(frozen=True)
class Documentation:
    operation: Operation
    url: str
    samples: list[CodeSample]


def gateway_url(product: Product) -> str:
    """The address below which the product is called, without a trailing slash."""
    return f"{settings.GATEWAY_URL}/{product.slug}"


def document(product: Product, endpoint: Endpoint, *, key: str = KEY_PLACEHOLDER) -> Documentation:
    template = parse_template(endpoint.path)
    operation = parse_operation(endpoint.operation, path_parameters=template.parameters)
    request = sample_request(
        method=endpoint.method, template=template, operation=operation, base_url=gateway_url(product), key=key
    )
    return Documentation(operation, gateway_url(product) + endpoint.path, code_samples(request))


def first_call(
    product: Product, plan: Plan, *, key: str = KEY_PLACEHOLDER, scopes: Collection[str] = ()
) -> list[CodeSample]:
    """Samples of the simplest call that the plan opens: a GET without parameters, where there is one.

    Empty where the plan opens nothing that a key with these scopes may call; a key without any may call everything.
    """
    opened = list_endpoints(product).filter(tier__rank__lte=plan.tier.rank)[:FIRST_CALL_CANDIDATES]
    allowed = [endpoint for endpoint in opened if not scopes or KeyScope.of_method(endpoint.method) in scopes]
    simplest = min(allowed, key=_effort, default=None)
    return document(product, simplest, key=key).samples if simplest else []


def _effort(endpoint: Endpoint) -> tuple[bool, int, str]:
    """Sorts first what can be called with the least."""
    operation = parse_operation(endpoint.operation, path_parameters=parse_template(endpoint.path).parameters)
    required = sum(parameter.required for parameter in operation.parameters)
    return endpoint.method != "GET", required, endpoint.path
