"""Logos: what becomes of a picture, what of a file that is none, and where it is served from."""

import base64
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from apps.accounts.enums import Role
from apps.core.errors import Invalid, NotFound
from apps.products.images import BYTES_MAX, SIDE, square_png
from apps.products.models import Product
from apps.products.services import remove_logo, set_logo
from tests.factories.accounts import MembershipFactory
from tests.factories.actors import make_actor
from tests.factories.products import ProductFactory

RED = (255, 0, 0, 255)


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: Any) -> bytes:
    colour: Any = {"RGB": RED[:3], "RGBA": RED, "CMYK": (0, 255, 255, 0), "L": 128, "P": 0, "1": 1, "I;16": 900}[mode]
    out = io.BytesIO()
    Image.new(mode, size, colour).save(out, kind, **options)
    return out.getvalue()


def read(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "L"), ("PNG", "P"), ("PNG", "1"), ("PNG", "I;16"), ("JPEG", "RGB"),
        ("JPEG", "CMYK"), ("JPEG", "L"), ("WEBP", "RGBA"), ("GIF", "P"),
    ],
)  # fmt: skip
def test_any_picture_becomes_a_square_png(kind: str, mode: str) -> None:
    image = read(square_png(picture(kind, mode=mode)))
    assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (SIDE, SIDE))
    assert image.getpixel((0, 0))[3] == 0, "what is left of the square is transparent"
    assert image.getpixel((SIDE // 2, SIDE // 2))[3] == 255


@pytest.mark.parametrize("size", [(1, 1), (4096, 1), (1, 4096)])
def test_odd_shapes(size: tuple[int, int]) -> None:
    assert read(square_png(picture(size=size))).size == (SIDE, SIDE)


def test_nothing_but_pixels_is_kept_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "Camera of Alice"
    made = square_png(picture("JPEG", exif=exif, comment=b"secret", icc_profile=b"secret"))
    image = read(made)
    assert image.info == {}
    assert b"Alice" not in made
    assert b"secret" not in made
    assert image.getpixel((5, SIDE // 2))[3] == 0
    assert image.getpixel((SIDE // 2, 5))[3] == 255


def bomb(width: int, height: int) -> bytes:
    """The head of a PNG of this size, with no more pixels than fit into some bytes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


HOSTILE = [
    b"", b"x", b"\x00" * 100, b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"%PDF-1.4", b"GIF89a",
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"RIFF\x00\x00\x00\x00WEBPVP8 ", picture()[:60], picture("JPEG")[:-40],
    picture("BMP"), picture("TIFF"), picture("ICO"), picture(size=(4097, 1)), bomb(100_000, 100_000),
    bomb(12_000, 12_000),
    bomb(2**31 - 1, 2**31 - 1), bomb(0, 0), picture("GIF", mode="P")[:-5] + b"\xff" * 500,
]  # fmt: skip


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_picture_gets_a_clear_message(raw: bytes) -> None:
    refused = None
    try:
        assert read(square_png(raw)).size == (SIDE, SIDE)  # decoders mend some damage
    except Invalid as error:
        refused = error
    assert refused is None or (refused.field == "logo" and refused.message)


def test_a_file_that_is_too_large_is_not_even_opened() -> None:
    with pytest.raises(Invalid, match="2 MB"):
        square_png(picture() + b"\0" * BYTES_MAX)


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    """The file storage of the embedded installation."""
    storage = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": storage}
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "logos").mkdir()
    (tmp_path / "logos" / "secret.png").write_bytes(b"secret")
    return tmp_path


def files(media: Path) -> list[Path]:
    return sorted(path for path in media.rglob("prod_*/*") if path.is_file())


@pytest.mark.django_db
class TestStored:
    def test_a_new_logo_takes_the_place_of_the_old_once_it_is_committed(
        self, media: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        actor = make_actor()
        product = ProductFactory(organization=actor.organization)
        set_logo(actor=actor, product=product, image=picture())
        [first] = files(media)
        with django_capture_on_commit_callbacks() as callbacks:
            set_logo(actor=actor, product=product, image=picture())
        assert len(files(media)) == 2, "until the commit, the old one may still be needed"
        callbacks[-1]()
        [second] = files(media)
        assert first != second
        with django_capture_on_commit_callbacks(execute=True):
            remove_logo(actor=actor, product=product)
        assert files(media) == []

    def test_what_is_refused_leaves_no_file(self, media: Path) -> None:
        product = ProductFactory()
        with pytest.raises(NotFound):
            set_logo(actor=make_actor(), product=product, image=picture())
        with pytest.raises(Invalid):
            set_logo(actor=make_actor(product.organization), product=product, image=b"x")
        assert files(media) == []

    def test_it_is_served_for_ever_and_nothing_else_is(self, media: Path, client: Client) -> None:
        actor = make_actor()
        product = ProductFactory(organization=actor.organization, name="Weather")
        assert b"monogram" in client.get("/products/").content
        product = set_logo(actor=actor, product=product, image=picture())
        url = product.logo.url
        assert f'src="{url}"'.encode() in client.get("/products/").content
        assert f'content="http://testserver{url}"'.encode() in client.get(f"/products/{product.slug}/").content
        response = client.get(url)
        assert read(b"".join(response.streaming_content)).size == (SIDE, SIDE)
        assert response.headers["Content-Type"] == "image/png"
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        folder = url.rsplit("/", 1)[0]
        for path in (
            "/media/secret.png", "/media/logos/secret.png", f"{folder}/", f"{folder}/../secret.png",
            f"{folder}/..%2f..%2fsecret.png", f"{folder}/../../secret.png", "/media/logos/..%2fsecret.png",
            "/media/logos/../secret.png", "/media//etc/passwd", "/media/%2e%2e/x.png", f"{url}%0a", f"{url}/",
            url.replace("prod_", "prod."), f"{folder}/{'A' * 12}.png", f"/media/logos/prod_{'A' * 22}/{'A' * 12}.png",
        ):  # fmt: skip
            assert client.get(path).status_code == 404, path

    def test_the_form(self, media: Path, client: Client) -> None:
        product: Product = ProductFactory()
        client.force_login(MembershipFactory(organization=product.organization, role=Role.DEVELOPER).user)
        settings_page = f"/o/{product.organization.slug}/studio/{product.slug}/settings/"
        url = f"/o/{product.organization.slug}/studio/{product.slug}/logo/"
        for raw in (picture(), *HOSTILE, b"x" * (BYTES_MAX + 1)):
            file = SimpleUploadedFile("../../x.svg", raw, content_type="image/svg+xml")
            response = client.post(url, {"logo": file, "back": settings_page})
            assert (response.status_code, response.headers["Location"]) == (302, settings_page)
        for body in ({}, {"logo": "text"}, {"logo": base64.b64encode(picture()).decode()}):
            assert client.post(url, body).status_code == 422
        product.refresh_from_db()
        assert product.logo
        assert len(files(media)) >= 1
        assert client.post(f"{url}remove/").status_code == 302
        product.refresh_from_db()
        assert not product.logo
