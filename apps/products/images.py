"""Logos: whatever picture was uploaded becomes a square PNG, made anew from its pixels."""

import io
import warnings

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from apps.core.errors import Invalid

BYTES_MAX = 2 * 1024 * 1024
SIDE_MAX = 4096  # of the upload, in pixels
SIDE = 256  # of the logo
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")


def square_png(raw: bytes, *, field: str = "logo") -> bytes:
    """The picture as a PNG of 256 × 256 pixels: scaled to fit, upright, what is left of the square transparent.

    Of an animation, the first frame. Nothing but pixels is kept: no place, no camera, no profile. Raises `Invalid`
    for what is too large, and for whatever cannot be read as PNG, JPEG, WebP or GIF.
    """
    if len(raw) > BYTES_MAX:
        raise Invalid(_("The picture is larger than 2 MB."), field=field)
    try:
        pixels = _pixels(raw, field)
    except Invalid:
        raise
    except Exception:  # noqa: BLE001 # a decoder fed with a hostile file raises anything
        raise Invalid(_("This cannot be read as a picture. Give a PNG, JPEG, WebP or GIF file."), field=field) from None
    out = io.BytesIO()
    _square(pixels).save(out, "PNG", optimize=True)
    return out.getvalue()


def _pixels(raw: bytes, field: str) -> Image.Image:
    with warnings.catch_warnings():
        # Its own warning about huge pictures comes before we can look at the size, which is checked below.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.simplefilter("ignore", UserWarning)  # about odd metadata
        with Image.open(io.BytesIO(raw), formats=_FORMATS) as picture:
            # Of the head of the file alone: nothing is decoded before this.
            if max(picture.size) > SIDE_MAX:
                raise Invalid(
                    _("The picture has %(width)d × %(height)d pixels. Give one of %(most)d × %(most)d at most.")
                    % {"width": picture.width, "height": picture.height, "most": SIDE_MAX},
                    field=field,
                )
            picture.load()
            return ImageOps.exif_transpose(picture).convert("RGBA")


def _square(pixels: Image.Image) -> Image.Image:
    scale = SIDE / max(pixels.size)
    size = (max(1, round(pixels.width * scale)), max(1, round(pixels.height * scale)))
    square = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 0))
    square.paste(pixels.resize(size, Image.Resampling.LANCZOS), ((SIDE - size[0]) // 2, (SIDE - size[1]) // 2))
    return square
