"""What a person was told: all their organizations in one list."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.notifications.selectors import count_unread, get_notice, list_notices
from apps.notifications.services import mark_all_read, mark_read
from apps.portal.access import signed_in
from apps.portal.keyset import keyset_page

PAGE_SIZE = 30


@require_safe
@signed_in
def index(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    page = keyset_page(list_notices(user), request.GET, time_field="created_at", size=PAGE_SIZE)
    return render(request, "notices/notices.html", {"page": page, "unread": count_unread(user)})


@require_safe
@signed_in
def detail(request: HttpRequest, notice_id: str) -> HttpResponse:
    """Where a notice leads, from the list and from its e-mail; it is read then."""
    user = _person(request)
    notice = get_notice(user, public_id=notice_id)
    mark_read(user=user, notice=notice)
    return redirect(notice.url or "portal:notices")


@require_POST
@signed_in
def read(request: HttpRequest, notice_id: str) -> HttpResponse:
    user = _person(request)
    mark_read(user=user, notice=get_notice(user, public_id=notice_id))
    return redirect("portal:notices")


@require_POST
@signed_in
def read_all(request: HttpRequest) -> HttpResponse:
    number = mark_all_read(user=_person(request))
    if number:
        text = ngettext("Marked one notice as read.", "Marked %(number)d notices as read.", number)
        messages.success(request, text % {"number": number})
    return redirect("portal:notices")


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
