from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from apps.core import clock
from apps.core.jobs import enqueue
from apps.core.models import Change, IdempotentRequest, SandboxClock
from apps.core.staff import ReadOnlyAdmin


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin[Change]):
    """What other processes were told of, within the last day."""

    list_display = ["created_at", "topic"]
    list_filter = ["created_at"]
    fields = ["created_at", "topic"]


# The farthest that the clock is moved from here: more takes longer than a task may.
DAYS_MAX = 62


class AdvanceForm(forms.Form):
    days = forms.IntegerField(label=_("Days"), min_value=1, max_value=DAYS_MAX, initial=31)


@admin.register(SandboxClock)
class SandboxClockAdmin(ReadOnlyAdmin[SandboxClock]):
    """How far the installation's time is ahead of the real one; in development, staff move it on."""

    list_display = ["offset"]
    fields = ["offset"]
    change_list_template = "admin/core/sandboxclock/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        own = path("advance/", self.admin_site.admin_view(self.advance), name="core_sandboxclock_advance")
        return [own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may = settings.SANDBOX_CLOCK and self.has_act_permission(request)
        shown = {"advance_form": AdvanceForm() if may else None, "now": clock.now()}
        return super().changelist_view(request, shown | (extra_context or {}))

    def advance(self, request: HttpRequest) -> HttpResponse:
        """Move the clock by whole days; the jobs that fall due on the way run in a task."""
        if not (settings.SANDBOX_CLOCK and self.has_act_permission(request)):
            raise PermissionDenied
        form = AdvanceForm(request.POST)
        if request.method == "POST" and form.is_valid():
            enqueue("billing.advance_sandbox_clock", staff_id=request.user.pk, days=form.cleaned_data["days"])
            said = _("The clock moves by %(days)d days, and what falls due on the way is done. Load the page again.")
            self.message_user(request, said % form.cleaned_data, messages.SUCCESS)
        elif request.method == "POST":
            refusal = _("Give a whole number of days from 1 to %(most)d.") % {"most": DAYS_MAX}
            self.message_user(request, refusal, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:core_sandboxclock_changelist"))


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(ReadOnlyAdmin[IdempotentRequest]):
    """Requests with an `Idempotency-Key`, without what was answered. One without a status runs, or its process died."""

    list_display = ["created_at", "caller", "key", "status"]
    list_filter = ["created_at"]
    search_fields = ["caller"]
    search_help_text = _("Who called, as the list writes it")
    fields = ["created_at", "caller", "key", "status"]
