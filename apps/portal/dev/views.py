"""Pages for those who build the portal; in production they do not exist."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.portal.dev.mailbox import find_mail, list_mails
from apps.portal.dev.samples import guide_context

P = ParamSpec("P")


def development_page(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """404 unless `settings.DEVELOPMENT_MAILBOX` is on."""

    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not settings.DEVELOPMENT_MAILBOX:
            raise Http404
        return view(request, *args, **kwargs)

    return require_safe(page)


@development_page
def mailbox(request: HttpRequest) -> HttpResponse:
    return render(request, "dev/mailbox.html", {"mails": list_mails(Path(settings.EMAIL_FILE_PATH))})


@development_page
def mail(request: HttpRequest, mail_id: str) -> HttpResponse:
    found = find_mail(Path(settings.EMAIL_FILE_PATH), mail_id)
    if found is None:
        raise Http404
    return render(request, "dev/mail.html", {"mail": found})


@development_page
def style_guide(request: HttpRequest) -> HttpResponse:
    return render(request, "dev/style_guide.html", guide_context())
