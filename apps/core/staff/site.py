from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

# The order of the index: who, what is sold, who bought it, what happens, money, the machine room.
ORDER = [
    "accounts", "account", "mfa", "auth", "products", "plans", "subscriptions", "keys", "usage",
    "billing", "payments", "payouts", "ledger", "notifications", "core",
]  # fmt: skip


class StaffSite(AdminSite):
    site_header = _("API Factory: staff")
    site_title = _("API Factory: staff")
    index_title = _("What would you like to look at?")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        found = super().get_app_list(request, app_label)
        return sorted(found, key=lambda app: ORDER.index(app["app_label"]) if app["app_label"] in ORDER else 99)
