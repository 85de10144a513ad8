from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from apps.portal.console.views import keys, manage, subscriptions


def stub(request: HttpRequest, **kw: str) -> HttpResponse:
    return HttpResponse("stub")


_subscription = [
    path("", stub, name="subscription"),
    path("keys/", keys.keys, name="subscription-keys"),
    path("keys/create/", keys.key_create, name="key-create"),
    path("keys/<slug:key_id>/revoke/", keys.key_revoke, name="key-revoke"),
    path("requests/", stub, name="subscription-requests"),
    path("manage/", manage.manage, name="subscription-manage"),
    path("cancel/", manage.cancel, name="subscription-cancel"),
]

urlpatterns = [
    path("", stub, name="dashboard"),
    path("subscriptions/", subscriptions.subscriptions, name="subscriptions"),
    path("subscriptions/<slug:subscription_id>/", include(_subscription)),
    path("requests/", stub, name="requests"),
]
