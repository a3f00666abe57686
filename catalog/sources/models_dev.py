"""models.dev's api.json: providers and what they offer, in US dollars per million tokens.

A record is an offer of one provider. The one whose provider made the model is its list price; whatever the others ask
is theirs alone, and taken only when that provider is named.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from catalog import vendor_matching
from catalog.prices import MILLION, Condition, Line, Sheet
from catalog.sources import inferred_fields
from catalog.sources.records import Document, Record
from catalog.sources.rows import Row, SourceError, amount_of, is_number, own_meter, read_body, refuse_more

METERS = {
    "input": "input",
    "output": "output",
    "reasoning": "output.reasoning",
    "cache_read": "input.cache_read",
    "cache_write": "input.cache_write",
    "input_audio": "input.audio",
    "output_audio": "output.audio",
}
# What only programs that call the provider need, and what a catalog of prices has no use for.
IGNORED = ("id", "attachment", "temperature", "interleaved", "provider", "last_updated", "open_weights", "knowledge")
# Twins of a vendor's own provider, tried after it.
TWINS = {"zhipuai": "zhipu"}
# A flat rate pays for what costs 0 here.
PLAN = re.compile(r"(?:^|[\W_])(?:plan|coding)(?:$|[\W_])|for.coding", re.IGNORECASE)
# Whose sizes are the first length of the upper tier; elsewhere a size is the last one of the lower.
INCLUSIVE = ("xai", "openrouter")
LEGACY_SIZE = 200_000
EFFORTS = ("low", "medium", "high", "xhigh", "max")


def read(content: bytes) -> Document:
    """All offers, the vendors' own first; InexactError or SourceError where the document is none of models.dev's."""
    body = read_body(content)
    if not isinstance(body, dict):
        raise SourceError("The document is no api.json of models.dev: it is not an object of providers.")
    providers = {
        name: values
        for name, values in body.items()
        if isinstance(values, dict) and isinstance(values.get("models"), dict)
    }
    if not any("npm" in values or "env" in values or "id" in values for values in providers.values()):
        raise SourceError("The document is no api.json of models.dev: it names no provider with models.")
    refuse_more(sum(len(values["models"]) for values in providers.values()), of="models")
    findings = [f"{name[:255]} is no provider with models and was left out" for name in body.keys() - providers.keys()]
    records: list[Record] = []
    for provider in sorted(providers, key=lambda name: name in TWINS):
        for name, values in providers[provider]["models"].items():
            if isinstance(values, dict):
                records.append(_record(provider, providers[provider], name, values))
            else:
                findings.append(f"{name[:255]} of {provider[:64]} is not an object and was left out")
    return Document(records=tuple(records), findings=tuple(findings))


def _record(provider: str, host: Mapping[str, Any], name: str, values: Mapping[str, Any]) -> Record:
    row = Row(values)
    row.taken.update(IGNORED)
    inputs, outputs = _modalities(row)
    limits = _limits(row)
    released, is_month = _released(row)
    title = host.get("name")
    sellers = (provider, title if isinstance(title, str) else provider)
    prices = _prices(row, provider, is_plan=any(PLAN.search(each) for each in sellers))
    _judge_status(row)
    record = Record(
        name=name,
        provider=provider,
        first_party=any(vendor_matching.is_first_party(each, name) for each in sellers),
        display_name=row.text("name", longest=255),
        description=row.text("description", longest=10_000),
        series=row.text("family", longest=64),
        context_length=limits.count("context"),
        max_output_tokens=limits.count("output"),
        input_modalities=inputs,
        output_modalities=outputs,
        capabilities=_capabilities(row, inputs),
        supported_endpoint_types=inferred_fields.endpoint_types(name, outputs),
        released_on=released,
        prices=prices,
        inferred=frozenset({"supported_endpoint_types"} | ({"released_on"} if is_month else set())),
    )
    findings = (*row.findings, *limits.findings)
    return replace(record, findings=findings, unmapped=(*row.left_over, *_unmapped_costs(values)))


def _unmapped_costs(values: Mapping[str, Any]) -> Iterable[str]:
    """Prices under names that the format has not, most of them misspelt."""
    cost = values.get("cost")
    known = (*METERS, "tiers", "context_over_200k")
    return (f"cost.{key}" for key in cost if key not in known) if isinstance(cost, dict) else ()


def _limits(row: Row) -> Row:
    limits = row.take("limit")
    if limits is not None and not isinstance(limits, dict):
        row.find("limit is not an object")
    return Row(limits if isinstance(limits, dict) else {})


def _modalities(row: Row) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    lists = row.take("modalities")
    if lists is not None and not isinstance(lists, dict):
        row.find("modalities is not an object")
    sides = Row(lists if isinstance(lists, dict) else {})
    found = inferred_fields.modalities(sides.names("input")), inferred_fields.modalities(sides.names("output"))
    row.findings += [f"modalities: {finding}" for finding in sides.findings]
    return found


def _released(row: Row) -> tuple[Any, bool]:
    """The date, and whether only its month is known."""
    text = row.values.get("release_date")
    if isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d", text):
        month = Row({"release_date": f"{text}-01"})
        row.taken.add("release_date")
        return month.date("release_date"), True
    return row.date("release_date"), False


def _judge_status(row: Row) -> None:
    status = row.take("status")
    if status in ("alpha", "beta", "deprecated"):
        row.find(f"is {status}, says the source, and names no date")
    elif status is not None:
        row.find(f"has the unknown status {str(status)[:32]}")


def _capabilities(row: Row, inputs: tuple[str, ...] | None) -> tuple[str, ...] | None:
    flags = {"tools": "tool_call", "structured_outputs": "structured_output", "reasoning": "reasoning"}
    said = {word: row.take(key) for word, key in flags.items()}
    options = row.take("reasoning_options")
    if all(value is None for value in said.values()):
        return None
    return inferred_fields.abilities(
        [*(word for word, value in said.items() if value is True), *_efforts(options)], inputs
    )


def _efforts(options: Any) -> Iterable[str]:
    for option in options if isinstance(options, list) else []:
        if isinstance(option, dict) and option.get("type") == "effort":
            values = option.get("values")
            yield "effort"
            yield from (f"effort_{each}" for each in EFFORTS if isinstance(values, list) and each in values)


def _prices(row: Row, provider: str, *, is_plan: bool) -> Sheet | None:
    """The base prices, then those of longer prompts, then those of special modes; None where there are none."""
    cost = row.take("cost")
    figures: list[Line] = []
    if cost is not None and not isinstance(cost, dict):
        row.spoil_price("cost is not an object")
    elif cost:
        figures = [*_figures(row, cost, ()), *_tiers(row, cost, provider)]
    figures += _modes(row, provider)
    if not figures or not row.price_is_sound:
        return None
    if is_plan and all(figure.amount == 0 for figure in figures):
        figures = [replace(figure, amount=None, kind="included") for figure in figures]
    return Sheet("USD", tuple(figures))


def _figures(row: Row, cost: Mapping[str, Any], conditions: tuple[Condition, ...]) -> Iterable[Line]:
    """A figure of an unknown name is kept under that name, without a unit: nobody says which one it has."""
    for key, value in cost.items():
        if key in ("tiers", "tier", "context_over_200k") or value is None:
            continue
        amount = amount_of(value, f"{key} in cost", row)
        if amount is None:
            continue
        if key in METERS:
            yield Line(METERS[key], amount, MILLION, "token", conditions=conditions)
        else:
            yield Line(own_meter("models_dev", key), amount, conditions=conditions)


def _tiers(row: Row, cost: Mapping[str, Any], provider: str, *more: Condition) -> Iterable[Line]:
    """Prices of longer prompts, from the shortest bound up. context_over_200k is a copy of the one tier there is."""
    tiers = cost.get("tiers")
    legacy = cost.get("context_over_200k")
    if tiers is None and legacy is not None:
        tiers = [{**legacy, "tier": {"size": LEGACY_SIZE}}] if isinstance(legacy, dict) else legacy
    if tiers is None:
        return
    if not isinstance(tiers, list) or not all(isinstance(tier, dict) for tier in tiers):
        row.spoil_price("the tiers of cost are no list of objects")
        return
    sized = [(_size(tier), tier) for tier in tiers]
    if not all(size for size, _ in sized):
        row.spoil_price("a tier of cost has no size of a context")
        return
    for size, tier in sorted(sized, key=lambda pair: pair[0]):
        # 200001 is the first length of the upper tier, 200000 the last one of the lower.
        op = "gte" if size % 1000 == 1 or provider in INCLUSIVE else "gt"
        yield from _figures(row, tier, (*more, {"dim": "prompt_tokens", "op": op, "value": size}))


def _size(tier: Mapping[str, Any]) -> int:
    """The length where the tier begins; 0 where it says none."""
    bound = tier.get("tier")
    size: Any = bound.get("size") if isinstance(bound, dict) and bound.get("type", "context") == "context" else None
    return int(size) if is_number(size) and 0 < size < 10**12 else 0


def _modes(row: Row, provider: str) -> Iterable[Line]:
    """Prices of a mode that the request asks for with fields of its body or with headers."""
    experimental = row.take("experimental")
    modes = experimental.get("modes") if isinstance(experimental, dict) else None
    for name, mode in modes.items() if isinstance(modes, dict) else ():
        cost = mode.get("cost") if isinstance(mode, dict) else None
        if cost is None:
            continue
        if not isinstance(cost, dict):
            row.spoil_price(f"the cost of mode {name[:64]} is not an object")
            continue
        condition = _asked_by(name, mode.get("provider"))
        yield from _figures(row, cost, (condition,))
        yield from _tiers(row, cost, provider, condition)


def _asked_by(name: str, request: Any) -> Condition:
    """The condition that a request is one for this mode."""
    request = request if isinstance(request, dict) else {}
    body, headers = request.get("body"), request.get("headers")
    body = dict(_flat(body)) if isinstance(body, dict) else {}
    headers = headers if isinstance(headers, dict) else {}
    if set(body) == {"service_tier"} and not headers:
        return {"dim": "service_tier", "op": "eq", "value": body["service_tier"]}
    if not body and not headers:
        return {"dim": "mode", "op": "eq", "value": name}
    fields = {"body": body, "headers": headers}
    return {"dim": "request_match", "op": "eq", "value": {key: value for key, value in fields.items() if value}}


def _flat(body: Mapping[str, Any], path: str = "") -> Iterable[tuple[str, Any]]:
    for key, value in body.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value
