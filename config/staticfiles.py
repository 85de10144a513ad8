from django.contrib.staticfiles.apps import StaticFilesConfig


class PortalStaticFilesConfig(StaticFilesConfig):
    """The sources of the stylesheet are read by Tailwind alone: their imports are no URLs to be collected."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "css/src/*"]
