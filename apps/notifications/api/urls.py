from django.urls import path

from apps.notifications.api import views

urlpatterns = [
    path("notices", views.NoticesView.as_view(), name="rest-notices"),
    path("notices/read", views.AllReadView.as_view(), name="rest-notices-read"),
    path("notices/<str:notice_id>/read", views.ReadView.as_view(), name="rest-notice-read"),
]
