from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"

    def ready(self) -> None:
        # `enqueue` finds tasks by name, so every process must know them.
        autodiscover_modules("tasks")
