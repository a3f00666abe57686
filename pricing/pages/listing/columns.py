"""The columns of the list: their headers, the orders that these link to, and their cells. Imports no models.

A cell is HTML, and every text in it is escaped as templates escape it: a template takes ten times as long.
"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from pricing.engine.formatting import labels
from pricing.pages.formatting import token_count
from pricing.pages.listing.search import Card
from pricing.pages.price_tags import PriceTag

NO_PRICE = "\N{EN DASH}"


@dataclass(frozen=True)
class Entry:
    """A model as a row shows it: its card, its price, and the address of its page with the visitor's choices."""

    card: Card
    tag: PriceTag
    address: str
    is_deprecated: bool = False


@dataclass(frozen=True)
class Column:
    """`name` is the class of its cells; `cell` returns them with their tags, and nothing if another cell is there.

    `sort` is the order that the header leads to first; a header without one is only text.
    """

    name: str
    header: str
    cell: Callable[[Entry], str]
    sort: str = ""
    # Only for screen readers.
    is_hidden: bool = False


def _pick(entry: Entry) -> str:
    name, title = escape(entry.card.name), escape(entry.card.title)
    return f'<td class="pick"><input type="checkbox" name="m" value="{name}" aria-label="{_("Compare")} {title}"></td>'


def _model(entry: Entry) -> str:
    card = entry.card
    old = f' <i class="old">{_("deprecated")}</i>' if entry.is_deprecated else ""
    return (
        f'<th scope="row"><a href="{escape(entry.address)}">{escape(card.title)}</a>{old}'
        f"<small>{escape(card.vendor.name_in(get_language()))} <code>{escape(card.name)}</code></small></th>"
    )


def _context(entry: Entry) -> str:
    return f'<td class="context">{token_count(entry.card.context)}</td>'


def _types(entry: Entry) -> str:
    card = entry.card
    inputs, outputs = (escape(labels.join(map(labels.modality, names))) for names in (card.inputs, card.outputs))
    return f'<td class="types">{inputs}{f" → {outputs}" if outputs else ""}</td>'


def _input(entry: Entry) -> str:
    """The input price, or what takes the place of both prices."""
    tag = entry.tag
    if state := labels.state(tag.state):
        return f'<td class="price s" colspan="2">{escape(state)}</td>'
    if tag.single:
        return f'<td class="price" colspan="2">{escape(tag.single)}{_fees(tag)}</td>'
    star = "<b>*</b>" if tag.has_other_prices else ""
    return f'<td class="price input">{escape(tag.input) or NO_PRICE}{star}</td>'


def _output(entry: Entry) -> str:
    tag = entry.tag
    if labels.state(tag.state) or tag.single:
        return ""
    return f'<td class="price output">{escape(tag.output) or NO_PRICE}{_fees(tag)}</td>'


def _fees(tag: PriceTag) -> str:
    return "".join(f"<small>+ {escape(fee)}</small>" for fee in tag.fees)


COLUMNS = (
    Column("pick", gettext_noop("Compare"), _pick, is_hidden=True),
    Column("model", gettext_noop("Model"), _model, sort="name"),
    Column("context", gettext_noop("Context"), _context, sort="context"),
    Column("types", gettext_noop("Input → output types"), _types),
    Column("price input", gettext_noop("Input"), _input, sort="price"),
    Column("price output", gettext_noop("Output"), _output, sort="output"),
)


def row_of(entry: Entry) -> bytes:
    """The row of a model in the active language."""
    return f"<tr>{''.join(column.cell(entry) for column in COLUMNS)}</tr>\n".encode()
