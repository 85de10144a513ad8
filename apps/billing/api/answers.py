from django.http import HttpResponse


def pdf(content: bytes, name: str) -> HttpResponse:
    """A file to be saved under this name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)
