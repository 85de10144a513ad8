"""Actions of staff: chosen in a list or on a page, confirmed with a reason, carried out by a service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.errors import DomainError

REASON_MAX = 200
# More at once is no work of a person who looks at each.
ROWS_AT_ONCE_MAX = 100

Text = str | Promise
Action = Callable[[Any, HttpRequest, QuerySet[Any]], HttpResponse | None]


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=REASON_MAX,
        help_text=gettext_lazy("Stands in the audit log, where those concerned can read it."),
    )


@dataclass(frozen=True)
class ActionButton:
    name: str
    label: str


def staff_action(name: str, label: Text, *, consequence: Text, row: str, service: Callable[..., Any]) -> Action:
    """An action for `ModelAdmin.actions`.

    `service(staff=…, <row>=…, reason=…)` is called for each chosen row once the reason is given; `consequence` says on
    the page that asks for it what will happen. Only who has the permission to change the model may start it; the
    service checks that again.
    """

    @admin.action(description=label, permissions=["act"])  # type: ignore[arg-type]  # a lazy text of the stubs' own class
    def act(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        rows = list(queryset[: ROWS_AT_ONCE_MAX + 1])
        if len(rows) > ROWS_AT_ONCE_MAX:
            message = _("Choose %(most)d rows at most.") % {"most": ROWS_AT_ONCE_MAX}
            model_admin.message_user(request, message, messages.ERROR)
            return None
        form = ReasonForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return _confirmation(model_admin, request, form, rows, ActionButton(name, str(label)), str(consequence))
        for one in rows:
            _carry_out(model_admin, request, one, service, {row: one, "reason": form.cleaned_data["reason"]})
        return _back(model_admin, rows)

    act.__name__ = name
    act.is_staff_action = True  # type: ignore[attr-defined]
    return act


def buttons_of(actions: Mapping[str, Any]) -> list[ActionButton]:
    """The actions of a list that its rows' own pages offer, too."""
    return [
        ActionButton(name, str(label))
        for name, (function, _name, label) in actions.items()
        if getattr(function, "is_staff_action", False)
    ]


def _carry_out(
    model_admin: Any, request: HttpRequest, row: Model, service: Callable[..., Any], arguments: dict[str, Any]
) -> None:
    try:
        service(staff=request.user, **arguments)
    except DomainError as error:
        model_admin.message_user(request, f"{row}: {error.message}", messages.ERROR)
    else:
        model_admin.message_user(request, _("%(row)s: done.") % {"row": row}, messages.SUCCESS)


def _confirmation(
    model_admin: Any,
    request: HttpRequest,
    form: ReasonForm,
    rows: list[Model],
    action: ActionButton,
    consequence: str,
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "title": action.label,
        "opts": model_admin.opts,
        "form": form,
        "rows": rows,
        "action": action,
        "consequence": consequence,
        "list_url": _list_url(model_admin),
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/confirm_action.html", context)


def _back(model_admin: Any, rows: list[Model]) -> HttpResponse:
    """To the row's page where there is one row, else to the list."""
    if len(rows) != 1:
        return HttpResponseRedirect(_list_url(model_admin))
    options = model_admin.opts
    return HttpResponseRedirect(reverse(f"admin:{options.app_label}_{options.model_name}_change", args=[rows[0].pk]))


def _list_url(model_admin: Any) -> str:
    options = model_admin.opts
    return reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
