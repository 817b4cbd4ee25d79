"""The colours of pages can be told from what is behind them, light and dark (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re

import pytest

from jughpc.web.style import STYLE

TEXTS, DRAWN = ("ink", "soft", "bad", "good", "link"), (*(f"c{number}" for number in range(7)), "bad")


def schemes() -> dict[str, dict[str, str]]:
    """Return the colours of both schemes by name."""
    light, dark = (dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", part)) for part in STYLE.split("@media", 1))
    return {"light": light, "dark": dark}


def brightness(colour: str) -> float:
    """Return the relative luminance of a colour."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((brightness(one), brightness(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_and_what_is_drawn_can_be_seen(scheme):
    colours = schemes()[scheme]
    low = {(name, behind): contrast(colours[name], colours[behind]) for name in TEXTS for behind in ("bg", "card")}
    assert {name: value for name, value in low.items() if value < 4.5} == {}
    drawn = {name: contrast(colours[name], colours["bg"]) for name in DRAWN}
    assert {name: value for name, value in drawn.items() if value < 3} == {}


def test_both_schemes_have_every_colour():
    light, dark = schemes().values()
    assert light.keys() == dark.keys()
