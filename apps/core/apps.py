from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "apps.core"
    label = "core"
    verbose_name = _("Machine room")

    def ready(self) -> None:
        # `enqueue` finds tasks by name, so every process must know them.
        autodiscover_modules("tasks")
