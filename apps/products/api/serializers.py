from typing import Any

from django.conf import settings
from rest_framework import serializers

from apps.core.networks import NETWORKS_MAX
from apps.core.rest.fields import Answer, Input, Text
from apps.products.enums import Method, ProductStatus
from apps.products.models import Endpoint, Product
from apps.products.services.endpoints import ENDPOINTS_MAX


def _networks_input(help_text: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=NETWORKS_MAX, help_text=help_text
    )


_ALLOWED = "Where calls may come from, such as `203.0.113.0/24`; none: from anywhere."
_TOTAL = "For the whole call, 1 to 86400; null: no limit."
_LOG_HEADERS = "Whether the headers of some calls are kept for 7 days, secrets blanked out."
_LOG_BODIES = "The same of the first 16 KiB of bodies."
_DENIED = "Where they may not come from, even if that is allowed."


class CategorySerializer(Answer):
    slug = serializers.CharField()
    name = serializers.CharField()


class CreatorSerializer(Answer):
    """An organization as everybody may see it."""

    slug = serializers.CharField()
    name = serializers.CharField()


class CatalogProductSerializer(Answer):
    """A product as everybody may see it."""

    id = serializers.CharField(source="public_id")
    slug = serializers.CharField(help_text="Its address in the marketplace, and at the gateway.")
    name = serializers.CharField()
    tagline = serializers.CharField()
    category = serializers.CharField(source="category.slug", allow_null=True, default=None)
    tags = serializers.ListField(child=serializers.CharField())
    version = serializers.CharField()
    creator = CreatorSerializer(source="organization")
    published_at = serializers.DateTimeField(allow_null=True)
    deprecated_at = serializers.DateTimeField(allow_null=True)
    retires_at = serializers.DateTimeField(allow_null=True)


class TierSerializer(Answer):
    slug = serializers.CharField()
    name = serializers.CharField()
    rank = serializers.IntegerField(help_text="A higher rank includes the lower ones.")


class CatalogProductDetailSerializer(CatalogProductSerializer):
    description = serializers.CharField(help_text="Markdown.")
    lifecycle_note = serializers.CharField(help_text="Why it is deprecated or ends, and what to use instead.")
    tiers = TierSerializer(many=True)
    gateway_url = serializers.SerializerMethodField(help_text="What the paths of its endpoints follow.")

    def get_gateway_url(self, product: Product) -> str:
        return f"{settings.GATEWAY_URL}/{product.slug}"


class ProductSerializer(Answer):
    """A product as its creator sees it."""

    id = serializers.CharField(source="public_id")
    slug = serializers.CharField()
    name = serializers.CharField()
    tagline = serializers.CharField()
    description = serializers.CharField(help_text="Markdown.")
    status = serializers.ChoiceField(ProductStatus.choices)
    upstream_url = serializers.CharField(help_text="The backend.")
    test_upstream_url = serializers.CharField(help_text="Where calls with test keys go; empty: they get examples.")
    max_body_bytes = serializers.IntegerField()
    connect_seconds = serializers.IntegerField(help_text="Until the backend accepts a connection.")
    timeout_seconds = serializers.IntegerField(help_text="Until the first byte of an answer.")
    idle_seconds = serializers.IntegerField(help_text="Between two pieces of an answer.")
    total_seconds = serializers.IntegerField(allow_null=True, help_text=_TOTAL)
    billable_statuses = serializers.ListField(
        child=serializers.IntegerField(),
        allow_null=True,
        help_text="Which answers are billed; null: all below 500. A WebSocket is 101.",
    )
    rapidapi_compatible = serializers.BooleanField()
    units_header = serializers.CharField(
        help_text="The header of an answer in which the backend reports its units; empty: none."
    )
    allowed_networks = serializers.ListField(child=serializers.CharField(), help_text=_ALLOWED)
    denied_networks = serializers.ListField(child=serializers.CharField(), help_text=_DENIED)
    has_next_proxy_secret = serializers.BooleanField(source="next_proxy_secret", help_text="Whether one is prepared.")
    requires_signature = serializers.BooleanField(help_text="Whether calls must be signed (RFC 9421).")
    log_headers = serializers.BooleanField(help_text=_LOG_HEADERS)
    log_bodies = serializers.BooleanField(help_text=_LOG_BODIES)
    category = serializers.CharField(source="category.slug", allow_null=True, default=None)
    tags = serializers.ListField(child=serializers.CharField())
    version = serializers.CharField()
    lifecycle_note = serializers.CharField()
    published_at = serializers.DateTimeField(allow_null=True)
    deprecated_at = serializers.DateTimeField(allow_null=True)
    retires_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ProductInput(Input):
    name = Text()
    slug = Text(help_text="Its address: it cannot be changed later.")
    upstream_url = Text(help_text="The backend, such as https://api.example.com/v1.")
    tagline = Text(required=False, allow_blank=True)
    description = Text(required=False, allow_blank=True, help_text="Markdown.")


class ProductChange(Input):
    """What is left out stays as it is."""

    name = Text(required=False)
    upstream_url = Text(required=False)
    test_upstream_url = Text(
        required=False,
        allow_blank=True,
        help_text="Where calls with test keys go; empty: they get examples.",
    )
    tagline = Text(required=False, allow_blank=True)
    description = Text(required=False, allow_blank=True)
    max_body_bytes = serializers.IntegerField(required=False)
    connect_seconds = serializers.IntegerField(required=False, help_text="1 to 30.")
    timeout_seconds = serializers.IntegerField(required=False, help_text="1 to 300.")
    idle_seconds = serializers.IntegerField(required=False, help_text="1 to 3600.")
    total_seconds = serializers.IntegerField(required=False, allow_null=True, help_text=_TOTAL)
    rapidapi_compatible = serializers.BooleanField(required=False)
    units_header = Text(
        required=False,
        allow_blank=True,
        help_text="The header of an answer in which the backend reports its units; empty: none.",
    )
    allowed_networks = _networks_input(_ALLOWED)
    denied_networks = _networks_input(_DENIED)
    requires_signature = serializers.BooleanField(required=False, help_text="Whether calls must be signed (RFC 9421).")
    log_headers = serializers.BooleanField(required=False, help_text=_LOG_HEADERS)
    log_bodies = serializers.BooleanField(required=False, help_text=_LOG_BODIES)
    category = Text(required=False, allow_blank=True, help_text="The slug of a category; empty for none.")
    tags = serializers.ListField(child=Text(), required=False, max_length=50)
    version = Text(required=False, allow_blank=True)
    billable_statuses = serializers.ListField(
        child=serializers.IntegerField(min_value=101, max_value=599), required=False, allow_null=True, max_length=400
    )


class LifecycleInput(Input):
    note = Text(required=False, allow_blank=True, help_text="Why, and what to use instead.")


class RetirementInput(LifecycleInput):
    retires_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When it ends; needed where it has subscribers."
    )


class ProxySecretSerializer(Answer):
    proxy_secret = serializers.CharField(
        allow_null=True, help_text="Null in the answer to a repeat: a secret is shown once."
    )


class TierInput(Input):
    name = Text()


class CatalogEndpointSerializer(Answer):
    """An endpoint as everybody may see it."""

    id = serializers.CharField(source="public_id")
    method = serializers.ChoiceField(Method.choices)
    path = serializers.CharField()
    tier = serializers.CharField(source="tier.slug")
    weight = serializers.IntegerField(help_text="Units that a call takes from the quota.")
    max_units = serializers.IntegerField(
        allow_null=True, help_text="What it takes at most where the backend reports its units; null: the weight."
    )
    summary = serializers.CharField()
    deprecated_at = serializers.DateTimeField(allow_null=True)
    sunset_at = serializers.DateTimeField(allow_null=True)


class EndpointSerializer(CatalogEndpointSerializer):
    upstream_path = serializers.CharField(help_text="The path at the backend.")
    operation_id = serializers.CharField()
    allowed_networks = serializers.ListField(child=serializers.CharField(), help_text=_ALLOWED)
    denied_networks = serializers.ListField(child=serializers.CharField(), help_text=_DENIED)
    operation = serializers.SerializerMethodField(help_text="An OpenAPI Operation Object.")
    created_at = serializers.DateTimeField()

    def get_operation(self, endpoint: Endpoint) -> dict[str, Any]:
        return endpoint.operation if isinstance(endpoint.operation, dict) else {}


class EndpointInput(Input):
    method = serializers.ChoiceField(Method.choices)
    path = Text(help_text="A template such as `/users/{id}`.")
    tier = Text(help_text="The slug of the tier that it requires.")
    upstream_path = Text(required=False, allow_blank=True, help_text="Left out, it is `path`.")
    weight = serializers.IntegerField(
        required=False, help_text="Units that a call takes from the quota; 1 if left out."
    )
    max_units = serializers.IntegerField(
        required=False, allow_null=True, help_text="At most, where the backend reports units; `weight` if left out."
    )
    operation = serializers.DictField(required=False, help_text="An OpenAPI Operation Object.")
    allowed_networks = _networks_input(_ALLOWED)
    denied_networks = _networks_input(_DENIED)


class EndpointChange(Input):
    """What is left out stays as it is."""

    method = serializers.ChoiceField(Method.choices, required=False)
    path = Text(required=False)
    tier = Text(required=False)
    upstream_path = Text(required=False, allow_blank=True)
    weight = serializers.IntegerField(required=False)
    max_units = serializers.IntegerField(required=False, allow_null=True)
    operation = serializers.DictField(required=False)
    allowed_networks = _networks_input(_ALLOWED)
    denied_networks = _networks_input(_DENIED)


class MoveInput(Input):
    endpoints = serializers.ListField(
        child=serializers.CharField(max_length=40), max_length=ENDPOINTS_MAX, help_text="Their ids."
    )
    tier = Text(help_text="The slug of the tier.")


class MovedSerializer(Answer):
    moved = serializers.IntegerField(help_text="How many were in another tier.")


class DeprecationInput(Input):
    sunset_at = serializers.DateTimeField(required=False, allow_null=True, help_text="When it will be switched off.")


class CatalogQuery(Input):
    search = serializers.CharField(
        required=False, allow_blank=True, max_length=100, help_text="Words of its name or tagline."
    )
    category = serializers.CharField(required=False, max_length=40, help_text="The slug of a category.")
    tag = serializers.CharField(required=False, max_length=30)
    order = serializers.ChoiceField(
        ["-published_at", "published_at", "name", "-name"], required=False, default="-published_at"
    )


class ProductQuery(Input):
    status = serializers.ChoiceField(ProductStatus.choices, required=False)
    order = serializers.ChoiceField(
        ["-created_at", "created_at", "name", "-name"], required=False, default="-created_at"
    )


class EndpointQuery(Input):
    search = serializers.CharField(
        required=False, allow_blank=True, max_length=100, help_text="Words of method, path or summary."
    )
