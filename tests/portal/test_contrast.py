"""Text can be read on everything it stands on, in both themes (WCAG 2.2: 4.5 to 1, marks 3 to 1)."""

import math
import re

import pytest
from django.conf import settings

STATES = ("red", "amber", "green", "blue", "violet")
GROUNDS = ("neutral-1", "neutral-2", "neutral-3", "surface", "surface-raised")
TEXT = [
    *[
        ("neutral-12", ground)
        for ground in (*GROUNDS, "neutral-4", "accent-2", "red-3", "amber-3", "green-3", "blue-3")
    ],
    *[("neutral-11", ground) for ground in (*GROUNDS, "neutral-4", "accent-2")],
    *[("neutral-10", ground) for ground in GROUNDS],
    *[("accent-11", ground) for ground in ("neutral-1", "surface", "accent-3", "neutral-4", "blue-3", "amber-3")],
    *[("accent-12", ground) for ground in ("accent-3", "accent-4")],
    *[(f"{state}-11", ground) for state in STATES for ground in (f"{state}-3", "surface", "neutral-2")],
    ("on-accent", "accent-9"),
    ("on-accent", "accent-10"),
    ("on-danger", "danger-solid"),
    ("on-danger", "danger-solid-hover"),
    ("neutral-1", "neutral-12"),
]
MARKS = [
    *[(f"{state}-9", ground) for state in STATES for ground in ("surface", "neutral-1")],
    ("accent-9", "neutral-4"),
    ("accent-mark", "surface"),
    ("accent-8", "surface"),  # the focus ring
    ("accent-8", "neutral-1"),
]

Colour = tuple[float, float, float]


def declarations(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", css))


def tokens(theme: str) -> dict[str, str]:
    css = (settings.BASE_DIR / "static/css/src/tokens.css").read_text()
    block = css[css.index(":root,\n[data-theme] {") :]
    light, rest = block.split("@variant dark {", 1)
    dark, shared = rest.split("\n  }\n", 1)
    shared = shared.split("\n}\n", 1)[0]
    return declarations(light) | (declarations(dark) if theme == "dark" else {}) | declarations(shared)


def colour(name: str, of: dict[str, str]) -> Colour:
    value = of[name]
    if reference := re.fullmatch(r"var\(--([\w-]+)\)", value):
        return colour(reference[1], of)
    match = re.fullmatch(r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)", value)
    assert match, value
    return float(match[1]), float(match[2]), float(match[3])


def luminance(lightness: float, chroma: float, hue: float) -> float:
    """Of an oklch colour in sRGB; the matrices are those of CSS Color 4."""
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    channels = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    red, green, blue = (min(1.0, max(0.0, channel)) for channel in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    lighter, darker = sorted((luminance(*one), luminance(*other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_black_on_white_is_21_to_1() -> None:
    assert contrast((0, 0, 0), (1, 0, 0)) == pytest.approx(21, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_can_be_read(theme: str, text: str, ground: str) -> None:
    scale = tokens(theme)
    assert contrast(colour(text, scale), colour(ground, scale)) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("mark", "ground"), MARKS)
def test_marks_can_be_seen(theme: str, mark: str, ground: str) -> None:
    scale = tokens(theme)
    assert contrast(colour(mark, scale), colour(ground, scale)) >= 3
