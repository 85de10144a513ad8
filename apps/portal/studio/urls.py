"""The creator's pages, below `/o/<organization>/studio/`."""

from django.urls import path

from apps.portal.studio.views import (
    changelog,
    consumers,
    coupons,
    deprecation,
    endpoints,
    faq,
    help_index,
    imports,
    lifecycle,
    logo,
    overview,
    plans,
    products,
    requests,
    settings,
    support,
    tiers,
    usage,
)

_PRODUCT = "studio/<slug:slug>"
_ENDPOINT = f"{_PRODUCT}/endpoints/<slug:endpoint_id>"
_IMPORT = f"{_PRODUCT}/imports/<slug:import_id>"
_TIER = f"{_PRODUCT}/tiers/<slug:tier_slug>"
_PLAN = f"{_PRODUCT}/plans/<slug:plan_id>"
_CONSUMER = f"{_PRODUCT}/consumers/<slug:subscription_id>"

_CHANGE = f"{_PRODUCT}/changelog/<slug:change_id>"
_QUESTION = f"{_PRODUCT}/help/questions/<slug:question_id>"
_CHANNEL = f"{_PRODUCT}/help/channels/<slug:channel_id>"

urlpatterns = [
    path("studio/", products.index, name="studio"),
    path("studio/new/", products.create, name="studio-product-new"),
    path("studio/new/import/", imports.create_product, name="studio-product-import"),
    path(f"{_PRODUCT}/", overview.index, name="studio-product"),
    path(f"{_PRODUCT}/publish/", overview.publish, name="studio-publish"),
    path(f"{_PRODUCT}/unpublish/", overview.unpublish, name="studio-unpublish"),
    path(f"{_PRODUCT}/endpoints/", endpoints.index, name="studio-endpoints"),
    path(f"{_PRODUCT}/endpoints/new/", endpoints.create, name="studio-endpoint-new"),
    path(f"{_PRODUCT}/endpoints/tier/", endpoints.move, name="studio-endpoints-move"),
    path(f"{_ENDPOINT}/", endpoints.edit, name="studio-endpoint"),
    path(f"{_ENDPOINT}/remove/", endpoints.remove, name="studio-endpoint-remove"),
    path(f"{_PRODUCT}/imports/", imports.index, name="studio-imports"),
    path(f"{_IMPORT}/", imports.preview, name="studio-import"),
    path(f"{_IMPORT}/apply/", imports.apply, name="studio-import-apply"),
    path(f"{_IMPORT}/discard/", imports.discard, name="studio-import-discard"),
    path(f"{_ENDPOINT}/deprecate/", deprecation.deprecate, name="studio-endpoint-deprecate"),
    path(f"{_ENDPOINT}/undeprecate/", deprecation.undeprecate, name="studio-endpoint-undeprecate"),
    path(f"{_PRODUCT}/tiers/", tiers.index, name="studio-tiers"),
    path(f"{_TIER}/rename/", tiers.rename, name="studio-tier-rename"),
    path(f"{_TIER}/remove/", tiers.remove, name="studio-tier-remove"),
    path(f"{_PRODUCT}/plans/", plans.index, name="studio-plans"),
    path(f"{_PRODUCT}/plans/new/", plans.create, name="studio-plan-new"),
    path(f"{_PRODUCT}/coupons/", coupons.index, name="studio-coupons"),
    path(f"{_PRODUCT}/coupons/<slug:coupon_id>/archive/", coupons.archive, name="studio-coupon-archive"),
    path(f"{_PLAN}/", plans.edit, name="studio-plan"),
    path(f"{_PLAN}/grant/", plans.grant, name="studio-plan-grant"),
    path(f"{_PLAN}/revoke/", plans.revoke, name="studio-plan-revoke"),
    path(f"{_PLAN}/migrate/", plans.migrate, name="studio-plan-migrate"),
    path(f"{_PLAN}/publish/", plans.publish, name="studio-plan-publish"),
    path(f"{_PLAN}/withdraw/", plans.withdraw, name="studio-plan-withdraw"),
    path(f"{_PRODUCT}/consumers/", consumers.index, name="studio-consumers"),
    path(f"{_CONSUMER}/", consumers.detail, name="studio-consumer"),
    path(f"{_CONSUMER}/approve/", consumers.approve, name="studio-consumer-approve"),
    path(f"{_CONSUMER}/decline/", consumers.decline, name="studio-consumer-decline"),
    path(f"{_CONSUMER}/pause/", consumers.pause, name="studio-consumer-pause"),
    path(f"{_CONSUMER}/resume/", consumers.resume, name="studio-consumer-resume"),
    path(f"{_CONSUMER}/reset-quota/", consumers.reset, name="studio-consumer-reset"),
    path(f"{_PRODUCT}/usage/", usage.index, name="studio-usage"),
    path(f"{_PRODUCT}/usage.csv", usage.csv_file, name="studio-usage-csv"),
    path(f"{_PRODUCT}/requests/", requests.index, name="studio-requests"),
    path(f"{_PRODUCT}/requests/<slug:request_id>/", requests.detail, name="studio-request"),
    path(f"{_PRODUCT}/changelog/", changelog.index, name="studio-changelog"),
    path(f"{_PRODUCT}/changelog/new/", changelog.create, name="studio-change-new"),
    path(f"{_CHANGE}/", changelog.edit, name="studio-change"),
    path(f"{_CHANGE}/publish/", changelog.publish, name="studio-change-publish"),
    path(f"{_CHANGE}/unpublish/", changelog.unpublish, name="studio-change-unpublish"),
    path(f"{_CHANGE}/remove/", changelog.remove, name="studio-change-remove"),
    path(f"{_PRODUCT}/help/", help_index.index, name="studio-help"),
    path(f"{_PRODUCT}/help/questions/new/", faq.create, name="studio-question-new"),
    path(f"{_QUESTION}/", faq.edit, name="studio-question"),
    path(f"{_QUESTION}/move/", faq.move, name="studio-question-move"),
    path(f"{_QUESTION}/remove/", faq.remove, name="studio-question-remove"),
    path(f"{_PRODUCT}/help/channels/new/", support.create, name="studio-channel-new"),
    path(f"{_CHANNEL}/", support.edit, name="studio-channel"),
    path(f"{_CHANNEL}/move/", support.move, name="studio-channel-move"),
    path(f"{_CHANNEL}/remove/", support.remove, name="studio-channel-remove"),
    path(f"{_PRODUCT}/lifecycle/", lifecycle.index, name="studio-lifecycle"),
    path(f"{_PRODUCT}/lifecycle/deprecate/", lifecycle.deprecate, name="studio-deprecate"),
    path(f"{_PRODUCT}/lifecycle/undeprecate/", lifecycle.undeprecate, name="studio-undeprecate"),
    path(f"{_PRODUCT}/lifecycle/retire/", lifecycle.retire, name="studio-retire"),
    path(f"{_PRODUCT}/lifecycle/call-off/", lifecycle.call_off, name="studio-retirement-off"),
    path(f"{_PRODUCT}/logo/", logo.upload, name="studio-logo"),
    path(f"{_PRODUCT}/logo/remove/", logo.remove, name="studio-logo-remove"),
    path(f"{_PRODUCT}/settings/", settings.index, name="studio-settings"),
    path(f"{_PRODUCT}/settings/secret/", settings.reveal, name="studio-secret"),
    path(f"{_PRODUCT}/settings/secret/rotate/", settings.rotate, name="studio-secret-rotate"),
]
