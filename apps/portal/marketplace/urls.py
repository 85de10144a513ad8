from django.urls import path

from apps.portal.marketplace.views import documentation, openapi, products, subscribe

urlpatterns = [
    path("products/", products.product_list, name="product-list"),
    path("products/<slug:slug>/", products.product, name="product"),
    path("products/<slug:slug>/openapi.json", openapi.json_file, name="product-openapi-json"),
    path("products/<slug:slug>/openapi.yaml", openapi.yaml_file, name="product-openapi-yaml"),
    path("products/<slug:slug>/endpoints/<slug:endpoint_id>/", documentation.endpoint, name="product-endpoint"),
    path("products/<slug:slug>/endpoints/<slug:endpoint_id>/try/", documentation.try_out, name="endpoint-try"),
    path("products/<slug:slug>/subscribe/<slug:plan>/", subscribe.subscribe, name="subscribe"),
]
