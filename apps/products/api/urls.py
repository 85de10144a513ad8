from django.urls import path

from apps.products.api import catalog, endpoints, imports, products, tiers

urlpatterns = [
    path("catalog/categories", catalog.CategoriesView.as_view(), name="rest-categories"),
    path("catalog/products", catalog.CatalogView.as_view(), name="rest-catalog"),
    path("catalog/products/<str:slug>", catalog.CatalogProductView.as_view(), name="rest-catalog-product"),
    path(
        "catalog/products/<str:slug>/endpoints", catalog.CatalogEndpointsView.as_view(), name="rest-catalog-endpoints"
    ),
    path("catalog/products/<str:slug>/openapi.json", imports.CatalogExportView.as_view(), name="rest-catalog-openapi"),
    path("products", products.ProductsView.as_view(), name="rest-products"),
    path("products/<str:product_id>", products.ProductDetailView.as_view(), name="rest-product"),
    path("products/<str:product_id>/publish", products.PublishView.as_view(), name="rest-product-publish"),
    path("products/<str:product_id>/unpublish", products.UnpublishView.as_view(), name="rest-product-unpublish"),
    path("products/<str:product_id>/deprecate", products.DeprecateView.as_view(), name="rest-product-deprecate"),
    path("products/<str:product_id>/undeprecate", products.UndeprecateView.as_view(), name="rest-product-undeprecate"),
    path("products/<str:product_id>/retire", products.RetireView.as_view(), name="rest-product-retire"),
    path("products/<str:product_id>/keep", products.KeepView.as_view(), name="rest-product-keep"),
    path("products/<str:product_id>/imports", imports.ImportsView.as_view(), name="rest-imports"),
    path("products/<str:product_id>/imports/<str:import_id>", imports.ImportDetailView.as_view(), name="rest-import"),
    path("products/<str:product_id>/imports/<str:import_id>/apply", imports.ApplyView.as_view(), name="rest-apply"),
    path("products/<str:product_id>/openapi.json", imports.ExportView.as_view(), name="rest-product-openapi"),
    path("products/<str:product_id>/proxy-secret", products.ProxySecretView.as_view(), name="rest-proxy-secret"),
    path(
        "products/<str:product_id>/proxy-secret/activate",
        products.ActivateSecretView.as_view(),
        name="rest-proxy-secret-activate",
    ),
    path(
        "products/<str:product_id>/proxy-secret/discard",
        products.DiscardSecretView.as_view(),
        name="rest-proxy-secret-discard",
    ),
    path("products/<str:product_id>/tiers", tiers.TiersView.as_view(), name="rest-tiers"),
    path("products/<str:product_id>/tiers/<str:tier>", tiers.TierDetailView.as_view(), name="rest-tier"),
    path("products/<str:product_id>/endpoints", endpoints.EndpointsView.as_view(), name="rest-endpoints"),
    path("products/<str:product_id>/endpoints/move", endpoints.MoveView.as_view(), name="rest-endpoints-move"),
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
