"""The address and the code samples of an endpoint, as its documentation shows them."""

from dataclasses import dataclass

from django.conf import settings

from apps.products.models import Endpoint, Product
from apps.products.openapi.operation import Operation, parse_operation
from apps.products.paths import parse_template
from apps.products.samples import CodeSample, code_samples
from apps.products.samples.request import KEY_PLACEHOLDER, sample_request


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
