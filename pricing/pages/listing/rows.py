"""A row of the list as HTML. A template takes ten times as long, which counts for thousands of rows.

Every text is escaped as templates escape it. Imports no models.
"""

from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from django.utils.http import RFC3986_SUBDELIMS
from django.utils.translation import gettext as _

from catalog.exact import digits
from pricing.engine.formatting import amounts, labels
from pricing.engine.formatting.display import AS_PUBLISHED, active
from pricing.pages.formatting import token_count
from pricing.pages.listing.search import Card

NO_PRICE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Row:
    """The parts of a row between those that depend on the other models and on the visitor's choices."""

    # The release day and the context, for the script.
    numbers: bytes
    # From the price, for the script, to the address of the model's page.
    start: bytes
    # From behind the address to the end of the row.
    end: bytes

    def html(self, letters: str, *, rank: int | None, choices: bytes, is_hidden: bool) -> bytes:
        """The row with the letters of its filters, its popularity, and the visitor's choices in its link."""
        return b'<tr%s data-w="%s" data-n="%s%s %s%s%s\n' % (
            b" hidden" if is_hidden else b"",
            letters.encode(),
            self.numbers,
            b"" if rank is None else b"%d" % rank,
            self.start,
            choices,
            self.end,
        )


def row_of(card: Card, *, pages: str) -> Row:
    """The row of a model in the active language; `pages` is the address that the ids of models are appended to."""
    title, name = escape(card.title), escape(card.name)
    # As `reverse` quotes it.
    address = escape(pages + quote(card.name, safe=RFC3986_SUBDELIMS + "/~:@"))
    start = (
        f'{comparable(card)}"><td><input type="checkbox" name="m" value="{name}" aria-label="{_("Compare")} {title}">'
        f'</td><th scope="row"><a href="{address}'
    )
    old = f' <i class="old">{_("deprecated")}</i>' if card.lifecycle == "deprecated" else ""
    inputs, outputs = (escape(labels.join(map(labels.word, names))) for names in (card.inputs, card.outputs))
    end = (
        f'">{title}</a>{old}<small>{escape(card.vendor)} <code>{name}</code></small></th>'
        f"<td>{token_count(card.context)}</td><td>{inputs}{f' → {outputs}' if outputs else ''}</td>{_price(card)}</tr>"
    )
    return Row(f"{card.released} {card.context or 0} ".encode(), start.encode(), end.encode())


def _price(card: Card) -> str:
    tag = card.tag
    if state := labels.state(tag.state):
        return f'<td colspan="2" class="s">{escape(state)}</td>'
    fees = "".join(f"<small>+ {escape(fee)}</small>" for fee in tag.fees)
    if tag.single:
        return f'<td colspan="2">{escape(tag.single)}{fees}</td>'
    star = "<b>*</b>" if tag.has_other_prices else ""
    return f"<td>{escape(tag.input) or NO_PRICE}{star}</td><td>{escape(tag.output) or NO_PRICE}{fees}</td>"


def comparable(card: Card) -> str:
    """US dollars that the script compares by: empty if the row shows the same number, "-" if there is none."""
    price = card.tag.comparable
    if price is None:
        return "-"
    is_shown = active() == AS_PUBLISHED and amounts.short_money(price) == card.tag.input
    return "" if is_shown else digits(price)
