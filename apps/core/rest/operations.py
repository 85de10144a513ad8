"""What a method of the REST API does, said once: its input, its answer, its scope, and its place in the document.

A view's method returns what its services and selectors return; `operation` checks the scope, reads query and body
into `self.query` and `self.body`, carries a POST with an `Idempotency-Key` out once, and writes the answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from apps.core.rest import idempotency
from apps.core.rest.fields import Input, PageQuery
from apps.core.rest.idempotency import IdempotentCall, Outcome
from apps.core.rest.pagination import Page, paginate
from apps.core.transactions import with_answers

AnySerializer = type[serializers.BaseSerializer[Any]]
Method = TypeVar("Method", bound=Callable[..., Any])

IDEMPOTENCY_HEADER = "Idempotency-Key"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """`answer` is what `data` holds: one of it, a list (`many`) or a page of a list.

    `ordering` makes it a page: of the query set that the method returns, by these fields (the last one is unique), or
    by the one that the query parameter of this name holds. `in_pages` says that the method returns a `Page` itself.
    `any_body` takes any JSON, as `request.data`. `errors` are statuses beyond those that every operation of its kind
    has. `commits_within`: the work is not one transaction. `secrets` are fields of the answer that a repeat does
    not show again. `bare` is an answer without envelope, of this `media_type`: the method returns the response.
    """

    id: str
    summary: str
    tag: str
    description: str = ""
    scope: str = ""
    query: type[Input] | None = None
    body: type[Input] | None = None
    any_body: bool = False
    answer: AnySerializer | None = None
    many: bool = False
    ordering: Sequence[str] | str = ()
    in_pages: bool = False
    status: int = 200
    errors: Sequence[int] = ()
    commits_within: bool = False
    secrets: Sequence[str] = ()
    bare: bool = False
    media_type: str = "application/json"
    examples: dict[str, Any] = field(default_factory=dict)

    @property
    def is_paged(self) -> bool:
        return bool(self.ordering) or self.in_pages


def operation(id: str, summary: str, **options: Any) -> Callable[[Method], Callable[..., HttpResponseBase]]:  # noqa: A002
    """Make a method of a `RestView` an operation of the API; the options are the fields of `Operation`."""
    spec = Operation(id=id, summary=summary, **options)

    def decorate(method: Method) -> Callable[..., HttpResponseBase]:
        @wraps(method)
        def run(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
            view.check_scope(spec.scope)

            def work() -> Outcome | HttpResponseBase:
                view.query = _query(spec, view, request)
                view.body = _body(spec, request)
                return _answer(spec, view, method(view, request, *args, **kwargs))

            done = _once(spec, view, request, work) if request.method == "POST" else work()
            return done if isinstance(done, HttpResponseBase) else _response(done)

        run.operation = spec  # type: ignore[attr-defined]  # read by the schema
        return run

    return decorate


def _once(
    spec: Operation, view: Any, request: Request, work: Callable[[], Outcome | HttpResponseBase]
) -> Outcome | HttpResponseBase:
    """Do the work; with an `Idempotency-Key` of somebody known, at most once."""
    header, caller = request.headers.get(IDEMPOTENCY_HEADER), view.caller
    if header is None or not caller:
        return work()
    call = IdempotentCall(
        caller=caller,
        key=idempotency.parse_key(header),
        fingerprint=idempotency.fingerprint_of("POST", request.get_full_path(), request.body),
    )

    def outcome() -> Outcome:
        done = work()
        assert isinstance(done, Outcome), "what is answered to a POST is data"
        return done

    def keep(content: Any) -> Any:
        return {**content, **dict.fromkeys(spec.secrets)} if spec.secrets else content

    run = idempotency.run_reserved if spec.commits_within else idempotency.run_in_one_transaction
    return with_answers(lambda: run(call, outcome, keep))


def _query(spec: Operation, view: Any, request: Request) -> dict[str, Any]:
    classes = [each for each in (spec.query, PageQuery if spec.is_paged else None) if each is not None]
    inputs = [each(data=request.query_params) for each in classes]
    _check_known(request, view, {str(name) for serializer in inputs for name in serializer.fields})
    found: dict[str, Any] = {}
    for serializer in inputs:
        serializer.is_valid(raise_exception=True)
        found |= serializer.validated_data
    return found


def _check_known(request: Request, view: Any, names: set[str]) -> None:
    """As a field of a body that is not known, a parameter of the query is refused."""
    if view.other_parameters is None:
        return
    if unknown := sorted(set(request.query_params) - names - view.other_parameters):
        raise serializers.ValidationError({name[:100]: [_("There is no such parameter.")] for name in unknown[:10]})


def _body(spec: Operation, request: Request) -> dict[str, Any]:
    if spec.body is None:
        return {}
    serializer = spec.body(data=request.data)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _answer(spec: Operation, view: Any, found: Any) -> Outcome | HttpResponseBase:
    if isinstance(found, HttpResponseBase):
        return found
    if spec.ordering and isinstance(found, QuerySet):
        ordering = _chosen(view.query[spec.ordering]) if isinstance(spec.ordering, str) else spec.ordering
        found = paginate(found, ordering, name=spec.id, cursor=view.query["cursor"], limit=view.query["limit"])
    if isinstance(found, Page):
        view.next_cursor = found.next_cursor
        found = found.items
    if spec.answer is None or found is None:
        return Outcome(spec.status, None)
    many = spec.many or spec.is_paged
    serializer = spec.answer(found, many=many, context={"request": view.request, "view": view})
    return Outcome(spec.status, serializer.data)


def _chosen(field: str) -> tuple[str, str]:
    """The field, and the primary key in the same direction."""
    return field, "-id" if field.startswith("-") else "id"


def _response(outcome: Outcome) -> Response:
    headers = {"Idempotency-Replayed": "true"} if outcome.replayed else None
    return Response(outcome.content, status=outcome.status, headers=headers)
