from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """The admin with our own site; `django.contrib.admin` in every other respect."""

    default = False
    default_site = "apps.core.staff.site.StaffSite"
