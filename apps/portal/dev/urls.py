from django.urls import path

from apps.portal.dev import views

urlpatterns = [
    path("mailbox/", views.mailbox, name="mailbox"),
    path("mailbox/<str:mail_id>/", views.mail, name="mail"),
    path("style-guide/", views.style_guide, name="style-guide"),
]
