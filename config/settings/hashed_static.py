"""Static files under names that change with their content, so that browsers may keep them for ever."""

from config.settings.base import STORAGES as _STORAGES

STORAGES = _STORAGES | {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
