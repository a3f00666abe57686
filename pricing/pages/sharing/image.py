"""The image of a preview: a card of 1200 by 630 pixels with a name, a vendor and a price. Imports no models.

Its texts are English, in the font that comes with Pillow: few servers have another one. The font has ASCII and little
more, so letters lose their accents, and a text in another script is replaced by one that can be drawn.
"""

import io
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from catalog.caches import process_cache
from pricing.pages.sharing.head import HEIGHT, WIDTH

MARGIN = 80
# A card takes about 20 kB.
CACHED_CARDS = 256
BLUE, INK, GREY, LINE, PAPER = "#155dfc", "#101828", "#4a5565", "#d1d5dc", "#ffffff"
# (size, most lines) of a title, the largest one first.
TITLE_SIZES = ((84, 1), (72, 2), (56, 3), (44, 4))
# Sizes of an amount, the largest one first.
FIGURE_SIZES = (56, 44, 32, 24)
MOST_NOTE_LINES = 3
# What the font has beside ASCII.
DRAWN_BESIDE_ASCII = frozenset("©«°±·»")
ELLIPSIS = "…"
REPLACED = {
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{MINUS SIGN}": "-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{RIGHTWARDS ARROW}": "to",
    "\N{YEN SIGN}": "CNY ",
    "\N{EURO SIGN}": "EUR ",
    "\N{POUND SIGN}": "GBP ",
}


@dataclass(frozen=True)
class Card:
    """The texts of an image; `figures` are up to two prices, each a label and an amount."""

    title: str
    subtitle: str
    figures: tuple[tuple[str, str], ...]
    note: str
    site: str


def drawable(*texts: str) -> str:
    """The first of these texts that the font can draw whole, without accents; "" if there is none."""
    for text in texts:
        plain = "".join(REPLACED.get(character, character) for character in text)
        plain = "".join(
            character for character in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(character)
        )
        plain = " ".join(plain.split())
        if plain and all(" " <= character <= "~" or character in DRAWN_BESIDE_ASCII for character in plain):
            return plain
    return ""


@process_cache(maxsize=CACHED_CARDS)
def png(card: Card) -> bytes:
    """The image of a card, whose texts are drawable. Equal cards have equal bytes."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH, 16), BLUE)
    _draw_site(draw, card.site)
    y = 170
    size, lines = _title_lines(draw, card.title)
    for line in lines:
        draw.text((MARGIN, y), line, INK, _font(size))
        y += size * 5 // 4
    if card.subtitle:
        draw.text((MARGIN, y + 6), _shortened(draw, card.subtitle, 36), GREY, _font(36))
    _draw_price(draw, card)
    content = io.BytesIO()
    # Few colors: a palette halves the file.
    image.quantize(64, dither=Image.Dither.NONE).save(content, "PNG")
    return content.getvalue()


def _draw_site(draw: ImageDraw.ImageDraw, name: str) -> None:
    """The name of the site with its sign, an open book, as in icon.svg."""
    left, top, side = MARGIN, 64, 64
    draw.rounded_rectangle((left, top, left + side, top + side), side * 7 // 32, BLUE)

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x * side / 32, top + y * side / 32

    for page in (
        [(7, 8), (16, 10), (16, 24.5), (7, 22.5), (7, 8)],
        [(25, 8), (16, 10), (16, 24.5), (25, 22.5), (25, 8)],
    ):
        draw.line([at(x, y) for x, y in page], PAPER, 5, joint="curve")
    draw.text((left + side + 22, top + side / 2), name, INK, _font(40), anchor="lm")


def _draw_price(draw: ImageDraw.ImageDraw, card: Card) -> None:
    draw.line((MARGIN, 470, WIDTH - MARGIN, 470), LINE, 2)
    column = (WIDTH - 2 * MARGIN) // 3
    for place, (label, amount) in enumerate(card.figures):
        x = MARGIN + place * column
        draw.text((x, 490), label, GREY, _font(28))
        size = next((size for size in FIGURE_SIZES if _fits(draw, amount, size, column - 20)), FIGURE_SIZES[-1])
        draw.text((x, 588), amount, INK, _font(size), anchor="ls")
    if card.figures:
        lines = list(_wrapped(draw, card.note, 28, column))[:MOST_NOTE_LINES]
        for place, line in enumerate(reversed(lines)):
            draw.text((MARGIN + 2 * column, 547 - place * 34), line, GREY, _font(28))
    else:
        size = next((size for size in FIGURE_SIZES if _fits(draw, card.note, size)), FIGURE_SIZES[-1])
        draw.text((MARGIN, 572), _shortened(draw, card.note, size), INK, _font(size), anchor="ls")


def _title_lines(draw: ImageDraw.ImageDraw, title: str) -> tuple[int, list[str]]:
    """The size of a title and its lines: the largest size at which it fits."""
    for size, most in TITLE_SIZES:
        lines = list(_wrapped(draw, title, size))
        if len(lines) <= most:
            return size, lines
    last = _shortened(draw, "".join(lines[most - 1 :]), size)
    return size, [*lines[: most - 1], last]


def _wrapped(draw: ImageDraw.ImageDraw, text: str, size: int, width: float = WIDTH - 2 * MARGIN) -> Iterator[str]:
    """The lines of a text; an id without spaces is broken behind its signs, or anywhere."""
    while text:
        if _fits(draw, text, size, width):
            yield text
            return
        most = max(_most_letters(draw, text, size, width), 1)
        breaks = [place + 1 for place in range(most // 2, most) if text[place] in " /-_:.@"]
        end = breaks[-1] if breaks else most
        yield text[:end].rstrip()
        text = text[end:].lstrip()


def _shortened(draw: ImageDraw.ImageDraw, text: str, size: int, width: float = WIDTH - 2 * MARGIN) -> str:
    if _fits(draw, text, size, width):
        return text
    return text[: _most_letters(draw, text, size, width - draw.textlength(ELLIPSIS, _font(size)))].rstrip() + ELLIPSIS


def _most_letters(draw: ImageDraw.ImageDraw, text: str, size: int, width: float) -> int:
    """How many letters of a text fit; measuring a long text takes a while, so that halves are tried."""
    return bisect_right(range(1, len(text) + 1), width, key=lambda count: draw.textlength(text[:count], _font(size)))


def _fits(draw: ImageDraw.ImageDraw, text: str, size: int, width: float = WIDTH - 2 * MARGIN) -> bool:
    return draw.textlength(text, _font(size)) <= width


@process_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
