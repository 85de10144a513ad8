from django.urls import path

from apps.plans.api import views

urlpatterns = [
    path("catalog/products/<str:slug>/plans", views.CatalogPlansView.as_view(), name="rest-catalog-plans"),
    path("products/<str:product_id>/plans", views.PlansView.as_view(), name="rest-plans"),
    path("products/<str:product_id>/plans/<str:plan_id>", views.PlanDetailView.as_view(), name="rest-plan"),
    path(
        "products/<str:product_id>/plans/<str:plan_id>/publish", views.PublishView.as_view(), name="rest-plan-publish"
    ),
    path(
        "products/<str:product_id>/plans/<str:plan_id>/withdraw",
        views.WithdrawView.as_view(),
        name="rest-plan-withdraw",
    ),
    path("products/<str:product_id>/plans/<str:plan_id>/grants", views.GrantsView.as_view(), name="rest-grants"),
    path(
        "products/<str:product_id>/plans/<str:plan_id>/grants/<str:organization_slug>",
        views.GrantDetailView.as_view(),
        name="rest-grant",
    ),
]
