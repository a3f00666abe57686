"""llms.txt: a short text about the gateway for language models.

Its form is that of llmstxt.org: a title, a summary in one line, and sections of links.
"""

from decimal import Decimal

from catalog.exact import digits
from catalog.prices import MILLION
from pricing.engine.formatting.amounts import rounded, short_money, short_price_per
from pricing.engine.headline import fees_of_each_call, headline, media_prices, reads_as_free
from pricing.export.document import Document
from pricing.export.markdown import address_of, link_text, text_of
from pricing.export.offers import PricedModel, per, rendered_models
from pricing.published.rows import Reading

# No model id contains it.
HERE = b"\x00"
NOT_SHOWN = "see the price list"
# Meters whose prices are shown per million tokens, and how they are called.
SIDES = {"input": "in", "output": "out", "input.cache_read": "cached"}
HEAD = """# Modelbook

> The models that this gateway offers and what they cost, as of now.

Prices are US dollars per million tokens unless a line says otherwise. Each model links to its facts, prices and \
endpoints; without `.md`, the address is the page for people.

`GET {site}/v1/models` lists the models that a key can call, in OpenAI's, Anthropic's or Gemini's form, by the headers \
of the caller. `POST {site}/api/pricing/quote` computes what a given use of a model costs.

## Addresses

- [All models with facts, prices and endpoints]({site}/llms-full.txt): all models below in one \
document
- [Prices]({site}/api/pricing): every model with its price, in the form of new-api; `?as_of=` a moment
- [Retirements]({site}/api/retirements): models that end, with dates and successors; \
[as a calendar]({site}/api/retirements.ics)
- [Cost map for LiteLLM]({site}/api/export/litellm.json?complete=1): set LITELLM_MODEL_COST_MAP_URL to it
- [OpenRouter's form]({site}/api/export/openrouter.json)
- [models.dev's form]({site}/api/export/models_dev.json)
- [Price lines as CSV]({site}/api/export/prices.csv)
- [Documentation]({site}/docs)

## Models

"""


def render(reading: Reading) -> Document:
    rows = rendered_models("llms.txt", reading, lambda model: _line(model).encode())
    at_site = (row.replace(HERE, reading.site.encode(), 1) for row in rows)
    return Document(HEAD.format(site=reading.site).encode(), at_site, b"\n", separator=b"\n")


def _line(model: PricedModel) -> str:
    """The line of a model, with HERE for the address of the gateway."""
    # It answers every program: without a key, and whatever it accepts.
    address = f"{HERE.decode()}{address_of(model.name)}"
    return f"- [{link_text(model.name)}]({address}): {text_of(model.vendor_name)}, {_price(model)}{_context(model)}"


def _price(model: PricedModel) -> str:
    if model.is_dynamic:
        return "decided per request"
    # In its own currency, as pages show it: converted, an official price would be another number.
    sheet = model.sheet.folded() if model.sheet else None
    if sheet is None:
        return NOT_SHOWN
    plain = {(line.meter, line.unit): line for line in sheet.lines if line.is_plain}
    tokens = {word: per(plain[meter, "token"], MILLION) for meter, word in SIDES.items() if (meter, "token") in plain}
    media = [line for line in media_prices(sheet) if line.is_plain and line.meter != "input.cache_read"]
    extra = [f"{line.meter} {short_price_per(line, sheet.currency)}" for line in media]
    extra += [f"+ {short_price_per(fee, sheet.currency)}" for fee in fees_of_each_call(sheet)]
    if tokens and not reads_as_free(sheet, tokens.values()):
        sides = [f"{_amount(amount, sheet.currency)} {word}" for word, amount in tokens.items()]
        unknown = SIDES.get(sheet.unknown_side)
        return ", ".join([*sides, *([f"unknown {unknown}"] if unknown else []), *extra])
    if sheet.state == "free":
        return "free"
    line = headline(sheet) if sheet.state == "priced" else None
    return ", ".join([short_price_per(line, sheet.currency), *extra]) if line and line.is_plain else NOT_SHOWN


def _amount(amount: Decimal, currency: str) -> str:
    """As pages show it; dollars, which nearly all prices have, without zeros behind: $5, €3.00."""
    return f"${digits(rounded(amount))}" if currency == "USD" else short_money(amount, currency)


def _context(model: PricedModel) -> str:
    return f"; {model.context_length:,} tokens of context" if model.context_length else ""
