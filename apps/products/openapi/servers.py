"""Where a document says that its API is served."""

import re
from typing import Any

from apps.products.openapi.reading import Document
from apps.products.openapi.schema import as_dict, as_list, as_text

_VARIABLE = re.compile(r"\{([^{}]*)\}")


def suggested_backend(document: Document, *, origin: str = "") -> str:
    """The address of the backend, base path included; empty where the document gives none that is whole.

    Variables stand for their defaults. A relative address belongs to the host that the document came from, which is
    that of `origin`, its URL, if it has one. Whether the address may be dialled is the product's affair.
    """
    url = _server_of_swagger(document.content) if document.dialect == "2.0" else _first_server(document.content)
    if url.startswith("//"):
        url = f"https:{url}"
    if url.startswith("/") or not url:
        host = re.match(r"https?://[^/?#]+", origin)
        url = f"{host[0]}{url}" if host else ""
    return url.rstrip("/") if re.match(r"https?://[^/]", url) else ""


def foreign_server(document: Document, holder: dict[str, Any]) -> str:
    """The address that a path or an operation is served by, where that is another than the document's."""
    own = _first_server(holder)
    return own if own and own.rstrip("/") != _first_server(document.content).rstrip("/") else ""


def _first_server(holder: dict[str, Any]) -> str:
    server = next((as_dict(item) for item in as_list(holder.get("servers"))), {})
    variables = as_dict(server.get("variables"))

    def default(match: re.Match[str]) -> str:
        value = as_dict(variables.get(match[1])).get("default")
        return str(value) if isinstance(value, str | int | float) else ""

    return _VARIABLE.sub(default, as_text(server.get("url")).strip())


def _server_of_swagger(content: dict[str, Any]) -> str:
    host, base = as_text(content.get("host")).strip(), as_text(content.get("basePath")).strip()
    if not host:
        return base
    schemes = [scheme for scheme in as_list(content.get("schemes")) if scheme in ("http", "https")]
    scheme = "https" if "https" in schemes or not schemes else "http"
    return f"{scheme}://{host}{base}"
