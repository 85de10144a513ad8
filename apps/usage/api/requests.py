"""The request log: single calls, forwarded and refused together."""

from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.core.rest.operations import operation
from apps.core.rest.pagination import Page, open_cursor, seal_cursor
from apps.usage import selectors
from apps.usage.api.base import UsageScopeView
from apps.usage.api.serializers import RequestDetailSerializer, RequestQuery, RequestSerializer, WhoseQuery
from apps.usage.selectors import RequestEntry, RequestFilters

TAG = "Usage"
READ = TokenScope.USAGE_READ
_CURSOR = "listRequests"


class RequestsView(UsageScopeView):
    @operation(
        "listRequests", "List single calls", tag=TAG, scope=READ,
        description="Newest first. Of a subscription, of a product that is yours, or of all your subscriptions.",
        query=RequestQuery, answer=RequestSerializer, in_pages=True,
    )  # fmt: skip
    def get(self, request: Request) -> Page[RequestEntry]:
        query = self.query
        filters = RequestFilters(outcome=query["outcome"], start=query.get("since"), end=query.get("until"))
        cursor = open_cursor(_CURSOR, query["cursor"]) if query["cursor"] else ""
        page = selectors.list_requests(self.scope(), filters, cursor, limit=query["limit"])
        return Page(page.entries, seal_cursor(_CURSOR, page.next_cursor) if page.next_cursor else None)


class RequestDetailView(UsageScopeView):
    @operation(
        "getRequest", "Show a single call", tag=TAG, scope=READ,
        description="By the id of the header `X-Request-Id`. Of your subscriptions, unless the query says otherwise.",
        query=WhoseQuery, answer=RequestDetailSerializer,
    )  # fmt: skip
    def get(self, request: Request, request_id: str) -> RequestEntry:
        return selectors.get_request(self.scope(), request_id)
