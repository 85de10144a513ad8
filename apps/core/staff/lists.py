from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any, ClassVar, TypeVar

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.utils import flatten
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import capfirst

from apps.core.name_search import words_begin
from apps.core.staff.actions import ActionButton, buttons_of
from apps.core.staff.meanings import meanings
from apps.core.staff.paging import CappedPaginator
from apps.core.values import words_of

Row = TypeVar("Row", bound=models.Model)

WORDS_MAX = 5
RELATED_MAX = 1000


def matching(model: type[models.Model], fields: Iterable[str], word: str) -> models.Q | None:
    """The rows of which one of these fields, such as `product__slug`, is the word; None where there can be none.

    What another table must say is asked there first, so that each condition is one on the model's own indexed
    columns: an `OR` over several tables would read them whole. Of very many related rows, the newest count.
    """
    conditions = []
    related: dict[str, list[str]] = {}
    for field in fields:
        name, _, rest = field.partition("__")
        if rest == "words":
            if (begun := words_begin(name, word)) is not None:
                conditions.append(begun)
        elif rest in ("", "startswith"):
            conditions.append(models.Q((field, word.lower() if rest else word)))
        else:
            related.setdefault(name, []).append(rest)
    for name, inner in related.items():
        target: Any = model._meta.get_field(name).related_model  # noqa: SLF001 - Django's own name for it
        meant = matching(target, inner, word)
        if meant is not None:
            rows = target._default_manager.filter(meant).order_by("-pk")  # noqa: SLF001 - likewise
            if keys := list(rows.values_list("pk", flat=True)[:RELATED_MAX]):
                conditions.append(models.Q((f"{name}__in", keys)))
    return reduce(or_, conditions) if conditions else None


class StaffAdmin(admin.ModelAdmin[Row]):
    """A list that stays fast in a large table, and a page with what staff may do and where they look next.

    - Rows are neither counted nor paged beyond `ROWS_MAX`, and come by primary key, the newest first.
    - `search_fields` are lookups that an index answers: a name alone is exact, `__startswith` is for columns in lower
      case, `__words` for names with a `words_index`. See `matching`.
    - `related_lists` names the lists (`<app>.<Model>`) that can be searched by this row's public id.
    """

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    ordering = ["-pk"]
    related_lists: ClassVar[list[str]] = []

    def get_search_results(
        self, request: HttpRequest, queryset: "models.QuerySet[Row]", search_term: str
    ) -> tuple["models.QuerySet[Row]", bool]:
        for word in words_of(search_term)[:WORDS_MAX]:
            fields = [str(field) for field in self.search_fields]
            found = [meant for text in meanings(word) if (meant := matching(self.model, fields, text)) is not None]
            queryset = queryset.filter(reduce(or_, found)) if found else queryset.none()
        return queryset, False

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Whether the person may start the actions of this list."""
        options = self.opts
        return bool(request.user.has_perm(f"{options.app_label}.change_{options.model_name}"))

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Row | None = None,
    ) -> HttpResponse:
        if obj is not None:
            context["staff_buttons"] = self._buttons(request)
            context["staff_lists"] = self._related_lists(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _buttons(self, request: HttpRequest) -> list[ActionButton]:
        return buttons_of(self.get_actions(request))

    def _related_lists(self, request: HttpRequest, row: Row) -> list[tuple[str, str]]:
        """Label and address of each list that the person may see, searched by the row's public id."""
        found = []
        public_id = getattr(row, "public_id", "")
        for label in self.related_lists:
            target = self.admin_site.get_model_admin(apps.get_model(label))
            if target.has_view_permission(request):
                url = reverse(f"admin:{target.opts.app_label}_{target.opts.model_name}_changelist")
                found.append((str(capfirst(target.opts.verbose_name_plural)), f"{url}?q={public_id}"))
        return found


class _ReadOnly(BaseModelAdmin[Row]):
    def get_readonly_fields(self, request: HttpRequest, obj: Row | None = None) -> list[Any]:
        # Named, since Django leaves fields that are not editable out of a page otherwise.
        return flatten(self.fields or [])

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False


class ReadOnlyAdmin(_ReadOnly[Row], StaffAdmin[Row]):
    """Pages to find and read rows."""


class ReadOnlyInline(_ReadOnly[Row], admin.TabularInline[Row, Any]):
    """The rows that belong to another one, on its page: the latest of them."""

    extra = 0
    # The related rows that its columns name, so that they are read at once.
    select_related: tuple[str, ...] = ()

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Row]":
        return super().get_queryset(request).select_related(*self.select_related)
