"""Operations of OpenAPI 2.0, 3.0 and 3.1 as Operation Objects of 3.1 that stand alone: references are written out."""

from apps.products.openapi.normalizing.context import OPERATION_VALUES_MAX, STUB_MARK, Context
from apps.products.openapi.normalizing.operations import GATEWAY_MARK, normalize_operation
from apps.products.openapi.normalizing.swagger2 import upgrade_operation

__all__ = ["GATEWAY_MARK", "OPERATION_VALUES_MAX", "STUB_MARK", "Context", "normalize_operation", "upgrade_operation"]
