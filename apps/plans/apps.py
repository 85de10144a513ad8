from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "apps.plans"
    label = "plans"

    def ready(self) -> None:
        from apps.plans.readiness import missing_plan
        from apps.products.readiness import register_check

        register_check(missing_plan)
