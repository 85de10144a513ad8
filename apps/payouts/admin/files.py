from django.http import HttpResponse


def csv_file(text: str, name: str) -> HttpResponse:
    """A file to download."""
    return HttpResponse(
        text, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
