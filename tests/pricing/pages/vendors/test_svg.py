"""Only shapes and colours of an SVG file are sent: nothing that runs, loads or reaches anything."""

import pytest

from pricing.pages.vendors.svg import MAX_BYTES, sanitized

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 24 24"'


@pytest.mark.parametrize(
    "harmful",
    [
        "<script>alert(1)</script>",
        '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">x</p></foreignObject>',
        '<image href="https://example.com/x.png"/>',
        '<use href="https://example.com/x.svg#a"/>',
        '<a xlink:href="javascript:alert(1)"><path d="M0 0"/></a>',
        "<style>@import url(https://example.com/x.css)</style>",
        '<animate attributeName="href" values="javascript:alert(1)"/>',
        '<path onclick="alert(1)"/>',
        '<path style="fill:url(https://example.com/#x)"/>',
        '<path fill="url(https://example.com/#x)"/>',
        '<path fill="url(&#39;https://example.com/#x&#39;)"/>',
        '<path fill="url(#a) url(https://example.com/#x)"/>',
        '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>',
    ],
)
def test_everything_harmful_is_removed(harmful: str) -> None:
    clean = sanitized(f'{HEAD} onload="alert(1)">{harmful}<path d="M1 1"/></svg>'.encode())

    assert clean is not None
    for word in (b"alert", b"http://www.w3.org/1999", b"https:", b"script", b"onload", b"style"):
        assert word not in clean
    assert b'<path d="M1 1" />' in clean


def test_gradients_of_the_file_itself_stay() -> None:
    gradient = '<linearGradient id="a-1"><stop stop-color="#f00"/></linearGradient>'
    clean = sanitized(f'{HEAD}><defs>{gradient}</defs><path fill="url(#a-1)" d="M0 0"/></svg>'.encode())

    assert clean is not None
    assert b'fill="url(#a-1)"' in clean
    assert b'<stop stop-color="#f00" />' in clean


@pytest.mark.parametrize("colour", ["rgb(1, 2, 3)", "rgba(1,2,3,.5)", "hsl(120deg 75% 25% / 0.6)", "#f00", "red"])
def test_colours_stay(colour: str) -> None:
    clean = sanitized(f'{HEAD}><path fill="{colour}" d="M0 0"/></svg>'.encode())

    assert clean is not None
    assert f'fill="{colour}"' in clean.decode()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<html/>", b"<svg/>", b"\x89PNG", b"<svg", f"{HEAD}>{'x' * MAX_BYTES}</svg>".encode(),
        f"{HEAD}>{'<g>' * 20_000}{'</g>' * 20_000}</svg>".encode(),
        f"{HEAD}/>".encode("utf-16"),
        f'<!DOCTYPE svg [<!ENTITY a "aaaa">]>{HEAD}>&a;</svg>'.encode(),
    ],
)  # fmt: skip
def test_other_files_are_not_icons(content: bytes) -> None:
    assert sanitized(content) is None
