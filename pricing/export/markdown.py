"""Models as Markdown, which language models read: facts, prices in words, endpoints. In English, as llms.txt."""

import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from django.conf import settings
from django.utils import translation

from catalog.models import EndpointType
from catalog.models.facts import WILDCARD
from catalog.prices import Sheet
from pricing.engine.formatting import capabilities, labels, lines
from pricing.engine.formatting.price_words import price_words
from pricing.export.document import Document
from pricing.export.offers import PricedModel, rendered_models
from pricing.published.rows import Reading
from tokens.timestamps import format_timestamp

# What would be markup in a text. Signs within words are not: "gpt_4" stays readable.
MARKUP = re.compile(r"[\\`\[\]<>*]")
LINK_MARKUP = re.compile(r"[\\`\[\]<>]")
# No model id contains them.
HERE, GATEWAY = "\x00", "\x01"
CONTENT_TYPE = "text/markdown; charset=utf-8"


def render_all(reading: Reading) -> Document:
    """All models one after the other: llms-full.txt."""
    endpoints = read_endpoints()
    rows = rendered_models("llms-full.txt", reading, lambda model: model_text(model, endpoints).encode())
    head = (
        f"# {text_of(settings.SITE_NAME)}\n\n> All models that this gateway offers, with facts, prices and endpoints.\n"
    )
    whole = (with_addresses(row, site=reading.site, gateway=reading.gateway) for row in rows)
    return Document(head.encode(), (b"\n" + row for row in whole), b"", separator=b"\n")


def render_model(
    model: PricedModel, *, site: str, gateway: str, successor: str = "", is_retired: bool = False
) -> bytes:
    """One model. `site` is the address of this catalog, `gateway` that of calls."""
    text = model_text(model, read_endpoints(), successor=successor, is_retired=is_retired)
    return with_addresses(text.encode(), site=site, gateway=gateway)


def with_addresses(text: bytes, *, site: str, gateway: str) -> bytes:
    return text.replace(HERE.encode(), site.encode()).replace(GATEWAY.encode(), gateway.encode())


def read_endpoints() -> Mapping[str, EndpointType]:
    return EndpointType.objects.in_bulk(field_name="name")


def model_text(
    model: PricedModel, endpoints: Mapping[str, EndpointType], *, successor: str = "", is_retired: bool = False
) -> str:
    """The text of a model, with HERE and GATEWAY in place of addresses."""
    with translation.override("en"):
        price = price_words(model.sheet, is_retired=is_retired)
        parts = [
            f"# {text_of(model.title)}",
            f"> {text_of(model.vendor_name)}: {text_of(price)}",
            text_of(model.description),
            _section("Facts", _facts(model, successor=successor)),
            _section("Price", () if is_retired else _prices(model)),
            _section("Endpoints", () if is_retired else _calls(model, endpoints)),
            _section("More", _links(model)),
        ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _section(title: str, items: Sequence[str] | Iterator[str]) -> str:
    listed = list(items)
    return "\n".join([f"## {title}", "", *(f"- {item}" for item in listed)]) if listed else ""


def _facts(model: PricedModel, *, successor: str) -> Iterator[str]:
    yield f"Model id: {code(model.name)}"
    if model.name.endswith(WILDCARD):
        start = code(model.name.removesuffix(WILDCARD))
        yield f"Every id that begins with {start} has this price, unless it is a model of its own."
    if model.listed_aliases:
        yield f"Aliases: {', '.join(map(code, model.listed_aliases))}"
    facts = (
        ("Vendor", model.vendor_name),
        ("Series", model.series),
        ("Context", _tokens(model.context_length)),
        ("Maximum input", _tokens(model.max_input_tokens)),
        ("Maximum output", _tokens(model.max_output_tokens)),
        ("Input types", labels.modalities(model.inputs)),
        ("Output types", labels.modalities(model.outputs)),
        ("Capabilities", capabilities.in_words(model.capabilities)),
        ("Released", model.released_on.isoformat() if model.released_on else ""),
        ("Deprecated", "yes" if model.deprecated else ""),
        ("Retires", model.retires_on.isoformat() if model.retires_on else ""),
    )
    yield from (f"{label}: {text_of(value)}" for label, value in facts if value)
    if successor:
        yield f"Successor: [{text_of(successor)}]({HERE}{address_of(successor)})"


def _tokens(number: int | None) -> str:
    return f"{number:,} tokens" if number else ""


def _prices(model: PricedModel) -> Iterator[str]:
    """Each price with its conditions and every digit, and the scheduled ones with their start."""
    yield from _lines(model.sheet)
    for sheet in model.timeline[1:]:
        if sheet.starts_at is not None:
            start = format_timestamp(sheet.starts_at, timespec="seconds")
            yield from (f"From {start}: {line}" for line in _lines(sheet))


def _lines(sheet: Sheet | None) -> Iterator[str]:
    if sheet is None or sheet.state != "priced":
        yield labels.capitalized(price_words(sheet))
        return
    yield from (f"{text_of(label)}: {text_of(text)}" for label, text in lines.described(sheet.folded()).items())


def _calls(model: PricedModel, endpoints: Mapping[str, EndpointType]) -> Iterator[str]:
    for name in model.endpoint_types:
        if name in endpoints:
            path = endpoints[name].path.replace("{model}", model.name)
            label = f" ({text_of(endpoints[name].label)})" if endpoints[name].label else ""
            yield f"{code(f'{endpoints[name].method} {GATEWAY}{path}')}{label}"


def _links(model: PricedModel) -> Iterator[str]:
    name = quote(model.name)
    yield f"[Prices of all times as JSON]({HERE}/api/pricing/history/{name})"
    yield f"[All models]({HERE}/llms.txt)"


def address_of(name: str) -> str:
    """The path of a model's text."""
    return f"/models/{quote(name)}.md"


def text_of(text: str) -> str:
    """A text in one line without markup."""
    return MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def link_text(text: str) -> str:
    """A text as that of a link. Programs read ids there, so signs that cannot end the link stay as they are."""
    return LINK_MARKUP.sub(r"\\\g<0>", " ".join(text.split()))


def code(text: str) -> str:
    """A text as code. Two backticks enclose a text that contains one."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"
