"""The product's own WSGI application, with the number of its queries as a header of each answer."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection

from config.wsgi import application as product

HEADER = "X-Query-Count"


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    count = 0

    def counting(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        nonlocal count
        count += 1
        return execute(sql, params, many, context)

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        return start_response(status, [*headers, (HEADER, str(count))], exc_info)

    with connection.execute_wrapper(counting):
        return product(environ, start)
