from django.urls import path

from apps.products.api import catalog, endpoints, products, tiers

urlpatterns = [
    path("catalog/categories", catalog.CategoriesView.as_view(), name="rest-categories"),
    path("catalog/products", catalog.CatalogView.as_view(), name="rest-catalog"),
    path("catalog/products/<str:slug>", catalog.CatalogProductView.as_view(), name="rest-catalog-product"),
    path(
        "catalog/products/<str:slug>/endpoints", catalog.CatalogEndpointsView.as_view(), name="rest-catalog-endpoints"
    ),
    path("products", products.ProductsView.as_view(), name="rest-products"),
    path("products/<str:product_id>", products.ProductDetailView.as_view(), name="rest-product"),
    path("products/<str:product_id>/publish", products.PublishView.as_view(), name="rest-product-publish"),
    path("products/<str:product_id>/unpublish", products.UnpublishView.as_view(), name="rest-product-unpublish"),
    path("products/<str:product_id>/proxy-secret", products.ProxySecretView.as_view(), name="rest-proxy-secret"),
    path("products/<str:product_id>/tiers", tiers.TiersView.as_view(), name="rest-tiers"),
    path("products/<str:product_id>/tiers/<str:tier>", tiers.TierDetailView.as_view(), name="rest-tier"),
    path("products/<str:product_id>/endpoints", endpoints.EndpointsView.as_view(), name="rest-endpoints"),
    path(
        "products/<str:product_id>/endpoints/<str:endpoint_id>",
        endpoints.EndpointDetailView.as_view(),
        name="rest-endpoint",
    ),
    path(
        "products/<str:product_id>/endpoints/<str:endpoint_id>/deprecate",
        endpoints.DeprecateView.as_view(),
        name="rest-endpoint-deprecate",
    ),
    path(
        "products/<str:product_id>/endpoints/<str:endpoint_id>/undeprecate",
        endpoints.UndeprecateView.as_view(),
        name="rest-endpoint-undeprecate",
    ),
]
