"""The OpenAPI document, from the `Operation` of each method: envelope, errors, pages and headers included."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from apps.core.rest.fields import Input, PageQuery
from apps.core.rest.operations import IDEMPOTENCY_HEADER, Operation

ANY_JSON: dict[str, Any] = {"application/json": {}}
_BODY_ERRORS = (413, 415)


class OperationSchema(AutoSchema):
    """Reads nothing but the method's `Operation`; a view without one is not part of the document."""

    @property
    def spec(self) -> Operation:
        spec: Operation = getattr(self.view, self.method.lower()).operation
        return spec

    def is_excluded(self) -> bool:
        return not hasattr(getattr(self.view, self.method.lower(), None), "operation")

    def get_operation_id(self) -> str:
        return self.spec.id

    def get_summary(self) -> str:
        return self.spec.summary

    def get_description(self) -> str:  # type: ignore[override]  # as in the library
        scope = f"Scope of an access token: `{self.spec.scope}`." if self.spec.scope else ""
        return "\n\n".join(filter(None, [self.spec.description, scope]))

    def get_tags(self) -> list[str]:
        return [self.spec.tag]

    def get_extensions(self) -> dict[str, Any]:
        return {"x-scope": self.spec.scope} if self.spec.scope else {}

    def get_auth(self) -> list[dict[str, list[str]]]:
        known: list[dict[str, list[str]]] = [{name: []} for name in getattr(self.view, "security", ())]
        return known if getattr(self.view, "is_private", False) else [*known, {}]

    def get_override_parameters(self) -> list[Any]:
        parameters: list[Any] = []
        if self.spec.query is not None:
            parameters.append(self.spec.query)
        if self.spec.is_paged:
            parameters.append(PageQuery)
        if self.method == "POST" and getattr(self.view, "is_private", False):
            parameters.append(
                OpenApiParameter(
                    IDEMPOTENCY_HEADER,
                    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
                    OpenApiParameter.HEADER,
                    description="Makes it safe to send this request again: it is carried out once, for 24 hours.",
                )
            )
        return parameters

    def get_request_serializer(self) -> Any:
        return ANY_JSON if self.spec.any_body else self.spec.body

    def get_response_serializers(self) -> Any:
        spec = self.spec
        if spec.answer is None:
            answer: Any = None if spec.status == 204 else {"type": "null"}
        else:
            answer = spec.answer(many=spec.many or spec.is_paged)
        examples = [
            OpenApiExample(name, value=value, response_only=True, status_codes=[str(spec.status)])
            for name, value in spec.examples.items()
            if name != "request"
        ]
        description = "Done; there is nothing to say." if spec.status == 204 else "Done."
        if spec.bare:
            schema = {"type": "object"} if spec.media_type.endswith("json") else {"type": "string", "format": "binary"}
            return {(spec.status, spec.media_type): OpenApiResponse(schema, description)}
        return {spec.status: OpenApiResponse(answer, description, examples)}

    def get_examples(self) -> list[OpenApiExample]:
        request = self.spec.examples.get("request")
        return [OpenApiExample("request", value=request, request_only=True)] if request is not None else []

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        found = super().get_operation(*args, **kwargs)
        if found is None:
            return None
        for status in self._error_statuses():
            found["responses"][str(status)] = {"$ref": f"#/components/responses/Error{status}"}
        found["responses"] = dict(sorted(found["responses"].items()))
        if "requestBody" in found and not self.spec.any_body:
            found["requestBody"]["required"] = True
        return found

    def _error_statuses(self) -> list[int]:
        spec = self.spec
        statuses = {400, 401, 404, 406, 422, 429, 500, 503, *spec.errors}
        if not getattr(self.view, "security", ()):
            statuses -= {401}
        if getattr(self.view, "is_private", False):
            statuses |= {403}
        if spec.body is not None or spec.any_body:
            statuses |= set(_BODY_ERRORS)
        if self.method == "POST" and getattr(self.view, "is_private", False):
            statuses |= {409}
        return sorted(statuses)

    def _get_response_for_code(self, serializer: Any, status_code: str, *args: Any, **kwargs: Any) -> Any:
        found = super()._get_response_for_code(  # type: ignore[no-untyped-call]
            serializer, status_code, *args, **kwargs
        )
        found.setdefault("headers", {})["X-Request-Id"] = {"$ref": "#/components/headers/RequestId"}
        if not self.spec.bare:
            for content in found.get("content", {}).values():
                content["schema"] = self._enveloped(content["schema"])
                for example in content.get("examples", {}).values():
                    example["value"] = _enveloped_example(example["value"], paged=self.spec.is_paged)
        return found

    def _enveloped(self, schema: dict[str, Any]) -> dict[str, Any]:
        meta = "PageMeta" if self.spec.is_paged else "Meta"
        return {
            "type": "object",
            "properties": {
                "success": {"type": "boolean", "const": True},
                "data": schema,
                "error": {"type": "null"},
                "meta": {"$ref": f"#/components/schemas/{meta}"},
            },
            "required": ["success", "data", "error", "meta"],
            "additionalProperties": False,
        }

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if isinstance(serializer, Input):
            schema["additionalProperties"] = False
        return schema


def _enveloped_example(value: Any, *, paged: bool) -> dict[str, Any]:
    meta: dict[str, Any] = {"request_id": "req_3xJ8mD2kQvT7nRz5WcYb1L"}
    if paged:
        meta["next_cursor"] = None
    return {"success": True, "data": value, "error": None, "meta": meta}
