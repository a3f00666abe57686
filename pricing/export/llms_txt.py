"""llms.txt: what is here, in a few lines that a language model reads as easily as a person.

Its form is llmstxt.org's: a title, one line of summary, and sections of links alone.
"""

from collections.abc import Iterable
from urllib.parse import quote

from catalog.exact import digits
from catalog.prices import MILLION
from pricing.engine.formatting.labels import unit
from pricing.engine.headline import headline, reads_as_free
from pricing.export.offers import Item, per

UNTOLD = "see the price list"
HEAD = """# Modelbook

> The models that this gateway offers and what they cost, as of now.

Prices are US dollars per million tokens unless a line says otherwise.

## Addresses

- [Models]({site}/v1/models): OpenAI's, Anthropic's or Gemini's list, by the caller's own headers; needs a key
- [Prices]({site}/api/pricing): every model with its price, in the form of new-api; `?as_of=` a moment
- [Quote]({site}/api/pricing/quote): what a given use of a model costs
- [Cost map for LiteLLM]({site}/api/export/litellm.json): set LITELLM_MODEL_COST_MAP_URL to it
- [OpenRouter's form]({site}/api/export/openrouter.json)
- [models.dev's form]({site}/api/export/models_dev.json)
- [Price lines as CSV]({site}/api/export/prices.csv)
- [Documentation]({site}/docs)

## Models

"""


def render(items: Iterable[Item], site: str = "") -> bytes:
    lines = [
        f"- [{item.name}]({site}/models/{quote(item.name)}): {item.vendor_name}, {_price(item)}{_context(item)}"
        for item in items
    ]
    return (HEAD.format(site=site) + "\n".join(lines) + "\n").encode()


def _price(item: Item) -> str:
    if item.is_dynamic:
        return "decided per request"
    sheet = item.dollars
    if sheet is None:
        return UNTOLD
    plain = {(line.meter, line.unit): line for line in sheet.lines if line.is_plain}
    told = {
        word: per(plain[meter, "token"], MILLION)
        for meter, word in (("input", "in"), ("output", "out"), ("input.cache_read", "cached"))
        if (meter, "token") in plain
    }
    if told and not reads_as_free(sheet, told.values()):
        return ", ".join(f"${digits(amount)} {word}" for word, amount in told.items())
    line = headline(sheet) if sheet.state == "priced" else None
    return f"${digits(per(line, 1))} per {unit(line.unit)}" if line and line.is_plain else UNTOLD


def _context(item: Item) -> str:
    return f"; {item.context_length:,} tokens of context" if item.context_length else ""
