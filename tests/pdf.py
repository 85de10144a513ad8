"""What stands on a PDF."""

import io

from pypdf import PdfReader


def text_of(pdf: bytes) -> str:
    """The words of all pages, with single spaces between them."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())
