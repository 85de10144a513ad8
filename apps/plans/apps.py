from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PlansConfig(AppConfig):
    name = "apps.plans"
    label = "plans"
    verbose_name = _("Plans")

    def ready(self) -> None:
        from apps.plans.readiness import missing_plan
        from apps.products.readiness import register_check

        register_check(missing_plan)
