"""The logos of the demo's products, drawn here: no picture of anybody else is shipped."""

import io
from collections.abc import Callable

from PIL import Image, ImageDraw

SIDE = 256
# Drawn four times as large and scaled down, which smooths the edges.
_SCALE = 4

_Draw = Callable[[ImageDraw.ImageDraw], None]
_Box = tuple[float, float, float, float]


def logo_of(slug: str) -> bytes:
    """A PNG of 256 × 256 pixels. Raises `KeyError` for a product that has none."""
    background, draw = _LOGOS[slug]
    picture = Image.new("RGBA", (SIDE * _SCALE, SIDE * _SCALE), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle(_scaled((0, 0, SIDE - 1, SIDE - 1)), radius=52 * _SCALE, fill=background)
    draw(pen)
    out = io.BytesIO()
    picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(out, "PNG")
    return out.getvalue()


def _weather(pen: ImageDraw.ImageDraw) -> None:
    """A sun behind a cloud."""
    pen.ellipse(_scaled((118, 44, 206, 132)), fill="#ffd166")
    for box in ((40, 122, 122, 204), (84, 88, 178, 182), (146, 124, 222, 200)):
        pen.ellipse(_scaled(box), fill="white")
    pen.rectangle(_scaled((80, 150, 186, 203)), fill="white")


def _httpbin(pen: ImageDraw.ImageDraw) -> None:
    """Two arrows: there, and back."""
    for shaft, head in (
        ((48, 82, 160, 106), ((160, 54), (210, 94), (160, 134))),
        ((96, 150, 208, 174), ((96, 122), (46, 162), (96, 202))),
    ):
        pen.rectangle(_scaled(shaft), fill="white")
        pen.polygon([(x * _SCALE, y * _SCALE) for x, y in head], fill="white")


def _hello(pen: ImageDraw.ImageDraw) -> None:
    """A speech bubble with a smile."""
    pen.rounded_rectangle(_scaled((42, 52, 214, 176)), radius=34 * _SCALE, fill="white")
    pen.polygon([(x * _SCALE, y * _SCALE) for x, y in ((82, 168), (82, 220), (136, 168))], fill="white")
    for box in ((90, 84, 110, 104), (146, 84, 166, 104)):
        pen.ellipse(_scaled(box), fill="#0f766e")
    pen.arc(_scaled((94, 92, 162, 150)), 20, 160, fill="#0f766e", width=10 * _SCALE)


def _placeholder_images(pen: ImageDraw.ImageDraw) -> None:
    """A framed landscape."""
    pen.rounded_rectangle(_scaled((40, 58, 216, 198)), radius=18 * _SCALE, outline="white", width=14 * _SCALE)
    pen.ellipse(_scaled((152, 82, 184, 114)), fill="white")
    for mountain in (((58, 184), (110, 104), (160, 184)), ((124, 184), (164, 130), (200, 184))):
        pen.polygon([(x * _SCALE, y * _SCALE) for x, y in mountain], fill="white")


def _scaled(box: _Box) -> _Box:
    left, top, right, bottom = box
    return left * _SCALE, top * _SCALE, right * _SCALE, bottom * _SCALE


_LOGOS: dict[str, tuple[str, _Draw]] = {
    "weather": ("#2563eb", _weather),
    "httpbin": ("#334155", _httpbin),
    "hello": ("#0f766e", _hello),
    "placeholder-images": ("#b45309", _placeholder_images),
}
