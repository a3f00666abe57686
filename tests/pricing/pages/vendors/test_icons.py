"""Icons of vendors come from the operator's folder, cleaned; a vendor without a file has a tile with its initials."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from pricing.pages.responses import ASSETS, asset
from pricing.pages.vendors import icons
from tests import world
from tests.pricing.pages import shop

CIRCLE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><title>X</title><circle cx="12" cy="12" r="9"/></svg>'
)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.VENDOR_ICONS = str(tmp_path)
    for name in ("claude", "claude-color", "openai"):
        (tmp_path / f"{name}.svg").write_text(CIRCLE.replace("X", name))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Claude.Color", "claude-color"), ("Claude", "claude"), ("claude.Text", "claude"), ("OpenAI.Color", "openai"),
        ("OpenAI.Avatar.type={'platform'}", "openai"), ("Nobody.Color", None), ("../claude", None), ("", None),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("folder")
def test_names_are_those_of_lobehub(name: str, file: str | None) -> None:
    found = icons.find_icon(name)

    assert (found and found.name) == file


@pytest.mark.usefixtures("folder")
def test_an_icon_is_sent_to_be_cached_forever_and_can_run_nothing(client: Client) -> None:
    found = icons.find_icon("Claude.Color")
    assert found is not None

    answer = client.get(found.address)

    assert answer["Content-Type"] == "image/svg+xml"
    assert "immutable" in answer["Cache-Control"]
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert b"<title>claude-color</title>" in answer.content
    assert icons.mark("anthropic", "Anthropic", "Claude.Color").startswith(f'<img class="logo" src="{found.address}"')
    assert client.get("/assets/1/icons/nobody.svg").status_code == 404


def test_no_more_of_a_file_is_read_than_an_icon_has(folder: Path) -> None:
    (folder / "endless.svg").symlink_to("/dev/zero")

    assert icons.find_icon("Endless") is None


def test_without_a_folder_vendors_have_tiles(client: Client, settings: Any) -> None:
    settings.VENDOR_ICONS = ""
    assert icons.find_icon("Claude.Color") is None
    assert client.get("/assets/1/icons/claude.svg").status_code == 404
    assert re.fullmatch(r'<span class="logo v\d" aria-hidden="true">O</span>', icons.mark("openai", "OpenAI", "OpenAI"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("OpenAI", "O"), ("Black Forest Labs", "BF"), ("xAI", "X"), ("智谱", "智"), ("月之暗面 Kimi", "月"),
        ("01.AI", "0A"), ("<b>", "B"), ("…", "?"),
    ],
)  # fmt: skip
def test_initials(name: str, text: str) -> None:
    assert icons.initials(name) == text


def test_the_same_vendor_has_the_same_colour_and_every_colour_has_contrast() -> None:
    assert icons.mark("zhipu", "智谱", "") == icons.mark("zhipu", "智谱", "")
    styles = b"".join(block for block in [asset("pages.css").plain]).decode()
    colours = re.findall(r"\.v(\d) \{ background: #(\w{6}) \}", styles)
    assert [int(number) for number, _ in colours] == list(range(icons.COLOURS))
    # White letters on the tile, in light and in dark.
    for _, colour in colours:
        assert 1.05 / (luminance(colour) + 0.05) >= 4.5
    assert "pages.css" in ASSETS


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.django_db
@pytest.mark.usefixtures("folder")
def test_pages_of_models_show_the_icon_of_the_model_or_of_its_vendor(client: Client) -> None:
    anthropic = world.vendor("anthropic", name="Anthropic", icon="Claude.Color")
    world.model("claude-own", vendor=anthropic, icon="OpenAI")
    world.model("claude-usual", vendor=anthropic)
    world.model("other", vendor=world.vendor("acme", name="Acme"))

    assert '<p class="by"><img class="logo"' in shop.get(client, "/?vendor=anthropic")
    assert '<p class="by">' not in shop.get(client, "/")
    page = shop.get(client, "/compare?m=claude-own&m=claude-usual&m=other")

    assert re.findall(r'icons/([\w-]+)[.]svg"', page) == ["openai", "claude-color"]
    assert re.search(r'<span class="logo v\d" aria-hidden="true">A</span> <a', page)
    assert "icons/claude-color.svg" in shop.get(client, "/models/claude-usual")
