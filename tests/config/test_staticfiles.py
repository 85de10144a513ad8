"""Static files can be collected as a real installation does it, with names that change with their content."""

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import override_settings

PRODUCTION = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}


def test_static_files_can_be_collected(tmp_path: Path) -> None:
    """Also on a machine where the stylesheet was never built: its sources are no part of what is collected."""
    with override_settings(STORAGES=PRODUCTION, STATIC_ROOT=tmp_path):
        call_command("collectstatic", interactive=False, verbosity=0)
        assert staticfiles_storage.url("js/app.js") != "/static/js/app.js"
    assert not list(tmp_path.glob("css/src/**/*.css"))
    sources = Path(settings.BASE_DIR, "static/css/src").glob("**/*.css")
    assert list(sources), "the sources moved: the pattern of config.staticfiles must follow"
