from django.urls import path

from apps.core.api import document, hello

urlpatterns = [
    path("openapi.json", document.openapi, name="rest-openapi"),
    path("docs", document.swagger_ui, name="rest-docs"),
    path("redoc", document.redoc, name="rest-redoc"),
    path("hello/ping", hello.PingView.as_view(), name="hello-ping"),
    path("hello/echo", hello.EchoView.as_view(), name="hello-echo"),
]
