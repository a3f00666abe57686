"""The columns of the list: their headers, the orders that these link to, and their cells. Imports no models.

A cell is HTML, and every text in it is escaped as templates escape it: a template takes ten times as long.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from pricing.engine.formatting import labels
from pricing.pages.formatting import token_count, yes_or_no
from pricing.pages.listing.search import Card
from pricing.pages.price_tags import PriceTag

NO_PRICE = "\N{EN DASH}"


@dataclass(frozen=True)
class Entry:
    """A model as a row shows it: its card, its price, and the address of its page with the visitor's choices."""

    card: Card
    tag: PriceTag
    address: str
    # The list of the vendor's models, and the vendor's icon or tile as HTML.
    vendor_address: str
    mark: str
    is_deprecated: bool = False


@dataclass(frozen=True)
class Column:
    """`name` is the class of its cells; `cell` returns them with their tags, and nothing if another cell is there.

    The cell of an added column is only its text.

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
    vendor = escape(card.vendor.name_in(get_language()))
    old = f' <i class="old">{_("deprecated")}</i>' if entry.is_deprecated else ""
    name = escape(card.name)
    code = f" <code>{name}</code>" if card.title != card.name else ""
    return (
        f'<th scope="row"><a href="{escape(entry.address)}">{escape(card.title)}</a>{old}'
        f'<small><a href="{escape(entry.vendor_address)}">{entry.mark} {vendor}</a>{code}'
        f'<button type="button" class="copy" value="{name}" aria-label="{_("Copy")} {name}">{_("Copy")}</button>'
        f"</small></th>"
    )


def _context(entry: Entry) -> str:
    return f'<td class="context">{token_count(entry.card.context)}</td>'


def _types(entry: Entry) -> str:
    card = entry.card
    inputs, outputs = (escape(labels.modalities(names)) for names in (card.inputs, card.outputs))
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


def _cached(entry: Entry) -> str:
    """Everything of a free model is free."""
    return labels.state("free") if entry.tag.state == "free" else entry.tag.cached


def _max_output(entry: Entry) -> str:
    return token_count(entry.card.max_output)


def _released(entry: Entry) -> str:
    return entry.card.released.isoformat() if entry.card.released else ""


def _weights(entry: Entry) -> str:
    return yes_or_no(entry.card.open_weights)


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
# Column that visitors can add -> its place among the others, and itself.
EXTRA: Mapping[str, Column] = {
    "cached": Column("extra", gettext_noop("Cached input"), _cached, sort="cached"),
    "max_output": Column("extra", gettext_noop("Maximum output"), _max_output, sort="max_output"),
    "released": Column("extra", gettext_noop("Released"), _released, sort="newest"),
    "knowledge": Column(
        "extra", gettext_noop("Knowledge cut-off"), lambda entry: entry.card.knowledge, sort="knowledge"
    ),
    "weights": Column("extra", gettext_noop("Open weights"), _weights, sort="weights"),
}


def columns_of(names: Sequence[str]) -> tuple[Column, ...]:
    """The columns of the list with those that the visitor has added, which come last."""
    return (*COLUMNS, *(EXTRA[name] for name in names))


def row_of(entry: Entry, extra: Sequence[str] = ()) -> bytes:
    """The row of a model in the active language, with the cells of the added columns."""
    cells = "".join(column.cell(entry) for column in COLUMNS)
    return f"<tr>{cells}{''.join(_extra_cell(EXTRA[name], entry) for name in extra)}</tr>\n".encode()


def _extra_cell(column: Column, entry: Entry) -> str:
    """The cell of an added column. Its label is shown where there is no room for columns."""
    text = column.cell(entry)
    return f'<td class="extra" data-label="{_(column.header)}">{escape(text) or NO_PRICE}</td>'
