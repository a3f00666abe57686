"""The prices as rows of one-hub's and done-hub's table `prices`, `/api/prices`: their price page reads such an address.

The programs read a missing number as 0, charge a row as it is, and charge a model without a row $60 for a million
tokens. `data` therefore has only rows that state the price exactly; the other models are in `unpriced_models`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import Annotated, Literal, TypedDict

from catalog.exact import write_json
from catalog.models import AIModel
from catalog.prices import Sheet
from catalog.vendor_matching import vendor_key
from pricing.export.document import Document
from pricing.newapi.one_hub import LONGEST_NAME, RowPrice, Unlisted, UnstatedError, row_price
from pricing.published.group_rates import slugs_of
from pricing.published.prices import Factors, published_sheets
from pricing.published.rows import Reading, names_of, rendered_rows

# Key of a vendor -> its number in the programs' table of vendors, `model_owned_by`: known vendors, and other names of
# that table. Sites number their own from 1001 up.
VENDOR_NUMBERS: Mapping[str, int] = MappingProxyType(
    {
        "openai": 1,
        "anthropic": 14,
        "baidu": 15,
        "zhipu": 16,
        "alibaba": 17,
        "iflytek": 18,
        "tencent": 23,
        "google": 25,
        "baichuan": 26,
        "minimax": 27,
        "deepseek": 28,
        "moonshot": 29,
        "mistral": 30,
        "groq": 31,
        "01-ai": 33,
        "midjourney": 34,
        "cohere": 36,
        "stability": 37,
        "suno": 41,
        "meta": 43,
        "ideogram": 44,
        "black-forest-labs": 46,
        "jina": 47,
        "recraft": 51,
        "kuaishou": 53,
        "xai": 56,
        "google palm": 11,
        "google gemini": 25,
        "spark": 18,
        "360": 19,
        "openrouter": 20,
        "cloudflare ai": 35,
        "coze": 38,
        "ollama": 39,
        "siliconflow": 45,
        "flux": 46,
        "rerank": 48,
        "recraftai": 51,
    }
)
UNKNOWN_VENDOR = 0


class OneHubRow(RowPrice):
    """The price of a model."""

    model: Annotated[str, "The model's id.", {"minLength": 1, "maxLength": LONGEST_NAME}]
    channel_type: Annotated[int, "The vendor's number in one-hub's table of vendors; 0 for a vendor that it lacks."]
    locked: Annotated[Literal[False], "Whether price updates leave the row alone."]


class UnstatedModel(TypedDict):
    """A model whose price a row cannot state."""

    model_name: Annotated[str, "The model's id.", {"minLength": 1}]
    reason: Unlisted


class OneHubPrices(TypedDict):
    """The prices that one-hub and done-hub read, discounts multiplied in."""

    success: Literal[True]
    message: str
    data: Annotated[list[OneHubRow], "Models whose price a row states exactly, by id."]
    unpriced_models: Annotated[list[UnstatedModel], "The other models, by id."]


@dataclass(frozen=True, slots=True)
class RenderedPrice:
    """The row of a model as JSON, or the reason why it has none."""

    name: str
    text: bytes
    reason: str = ""


def price_rows(reading: Reading, *, with_long_context: bool = True) -> Document:
    """The prices of the models that this scope sees, as JSON.

    Without `with_long_context`, models with another price for long prompts have no row: one-hub would charge long
    prompts as short ones.
    """
    slugs, factors = slugs_of(reading.scope), Factors.read(at=reading.at)

    def render(models: Sequence[AIModel]) -> dict[int, tuple[RenderedPrice, ...]]:
        sheets, names = published_sheets(models, at=reading.at, groups=slugs, factors=factors), names_of(models)
        return {
            model.pk: tuple(
                _rendered(model, name, sheets.get(model.pk), with_long_context=with_long_context)
                for name in names[model.pk]
            )
            for model in models
        }

    rendered = rendered_rows(("one-hub", with_long_context), reading, reading.price_listing, render)
    prices = sorted((price for prices in rendered.values() for price in prices), key=attrgetter("name"))
    reasons = {price.name: price.reason for price in prices if price.reason}
    wide = _wide_patterns([price.name for price in prices if not price.reason], [*reasons])
    reasons |= dict.fromkeys(wide, "pattern")
    unstated: list[UnstatedModel] = [{"model_name": name, "reason": reasons[name]} for name in sorted(reasons)]
    return Document(
        b'{"success":true,"message":"","data":[',
        [price.text for price in prices if price.name not in reasons],
        b'],"unpriced_models":' + write_json(unstated) + b"}",
    )


def _rendered(model: AIModel, name: str, sheet: Sheet | None, *, with_long_context: bool) -> RenderedPrice:
    """The row of a model under its id or an alias."""
    try:
        price = _price(name, sheet and sheet.without_group_rates(), with_long_context=with_long_context)
    except UnstatedError as error:
        return RenderedPrice(name, b"", str(error))
    number = VENDOR_NUMBERS.get(vendor_key(model.vendor.name), UNKNOWN_VENDOR)
    row: OneHubRow = {"model": name, "channel_type": number, "locked": False, **price}
    return RenderedPrice(name, write_json(row))


def _wide_patterns(rows: Iterable[str], unstated: Iterable[str]) -> list[str]:
    """The rows for all ids with a prefix that would set the price of other models, too.

    The programs look for the exact id and then for any pattern that fits: the others are models without a row and
    narrower patterns.
    """
    patterns = [name for name in rows if name.endswith("*")]
    others = [*unstated, *patterns]
    return [
        name for name in patterns if any(other != name and other.startswith(name.removesuffix("*")) for other in others)
    ]


def _price(name: str, sheet: Sheet | None, *, with_long_context: bool) -> RowPrice:
    price = row_price(sheet)
    if len(name) > LONGEST_NAME:
        raise UnstatedError("long_name")
    if "long_context" in price and not with_long_context:
        raise UnstatedError("long_context")
    return price
