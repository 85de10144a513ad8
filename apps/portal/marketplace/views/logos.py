"""Logos, where they lie in the file storage of the installation itself."""

from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest
from django.views.decorators.http import require_safe

from apps.core.errors import NotFound


@require_safe
def logo(request: HttpRequest, product_id: str, name: str) -> FileResponse:
    """A file that a logo was stored as. Its name is new with every upload, so it may be kept for ever.

    The address has the shape of such a name (see the URLconf): no other file can be asked for.
    """
    try:
        file = default_storage.open(f"logos/{product_id}/{name}.png")
    except OSError:
        raise NotFound from None
    response = FileResponse(file, content_type="image/png")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    return response
