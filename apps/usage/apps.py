import datetime as dt
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class UsageConfig(AppConfig):
    name = "apps.usage"
    label = "usage"
    verbose_name = _("Calls and usage")

    def ready(self) -> None:
        from apps.core import metrics
        from apps.usage.metrics import collect

        post_migrate.connect(_make_partitions, sender=self)
        metrics.register(collect)


def _make_partitions(**kwargs: Any) -> None:
    from apps.usage.partitions import ensure_partitions

    ensure_partitions(dt.datetime.now(dt.UTC))
