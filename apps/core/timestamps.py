"""When a row was made or changed, by the clock of the installation."""

import datetime as dt
from typing import Any

from django.db import models

from apps.core import clock


class TimestampField(models.DateTimeField[dt.datetime, dt.datetime]):
    """`auto_now_add` and `auto_now` by `core.clock`, so that a sandbox whose clock was moved agrees with itself.

    To migrations it is the field of Django that it is in the database.
    """

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if self.auto_now or (self.auto_now_add and add):
            now = clock.now()
            setattr(model_instance, self.attname, now)
            return now
        return super().pre_save(model_instance, add)

    def deconstruct(self) -> tuple[str, str, Any, dict[str, Any]]:
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs
