from django.urls import path
from django.http import HttpResponse
def stub(request, **kw): return HttpResponse("stub")
urlpatterns = [
    path("", stub, name="dashboard"),
    path("subscriptions/", stub, name="subscriptions"),
    path("subscriptions/<slug:subscription_id>/", stub, name="subscription"),
    path("subscriptions/<slug:subscription_id>/keys/", stub, name="subscription-keys"),
    path("requests/", stub, name="requests"),
]
