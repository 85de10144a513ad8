from django.urls import path

from apps.portal.notices.views import notices

urlpatterns = [
    path("notices/", notices.index, name="notices"),
    path("notices/read/", notices.read_all, name="notices-read"),
    path("notices/<slug:notice_id>/", notices.detail, name="notice"),
    path("notices/<slug:notice_id>/read/", notices.read, name="notice-read"),
]
