from django.urls import path, re_path

from apps.portal.marketplace.views import documentation, logos, openapi, product, products, subscribe

_PRODUCT = "products/<slug:slug>"

urlpatterns = [
    path("products/", products.product_list, name="product-list"),
    path(f"{_PRODUCT}/", product.overview, name="product"),
    path(f"{_PRODUCT}/openapi.json", openapi.json_file, name="product-openapi-json"),
    path(f"{_PRODUCT}/openapi.yaml", openapi.yaml_file, name="product-openapi-yaml"),
    path(f"{_PRODUCT}/endpoints/", product.endpoints, name="product-endpoints"),
    path(f"{_PRODUCT}/endpoints/<slug:endpoint_id>/", documentation.endpoint, name="product-endpoint"),
    path(f"{_PRODUCT}/endpoints/<slug:endpoint_id>/try/", documentation.try_out, name="endpoint-try"),
    path(f"{_PRODUCT}/plans/", product.plans, name="product-plans"),
    path(f"{_PRODUCT}/changelog/", product.changelog, name="product-changelog"),
    path(f"{_PRODUCT}/support/", product.support, name="product-support"),
    path(f"{_PRODUCT}/subscribe/<slug:plan>/", subscribe.subscribe, name="subscribe"),
    # As `MEDIA_URL` and `logo_path` make it. A storage elsewhere has addresses of its own.
    re_path(r"^media/logos/(?P<product_id>prod_[0-9A-Za-z]{22})/(?P<name>\w{12,24})\.png\Z", logos.logo, name="logo"),
]
