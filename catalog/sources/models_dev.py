"""models.dev's api.json: providers and their offers, in US dollars per million tokens.

A record is an offer of one provider. The offer of the model's own vendor is its list price; the other offers are only
imported if their provider is chosen.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from catalog import vendor_matching
from catalog.prices import MILLION, Condition, Line, Sheet
from catalog.sources import inferred_fields
from catalog.sources.records import Document, Record
from catalog.sources.rows import Row, SourceError, amount_of, is_number, read_amount, read_body

METERS = {
    "input": "input",
    "output": "output",
    "reasoning": "output.reasoning",
    "cache_read": "input.cache_read",
    "cache_write": "input.cache_write",
    "input_audio": "input.audio",
    "output_audio": "output.audio",
}
# Only for programs that call the provider, or of no use to a catalog.
IGNORED = ("id", "attachment", "temperature", "interleaved", "provider", "last_updated")
# Second providers of the same vendor, which come after the first.
TWINS = {"zhipuai": "zhipu"}
# Names of subscription plans: a price of 0 there is included in the plan.
PLAN = re.compile(r"(?:^|[\W_])(?:plan|coding)(?:$|[\W_])|for.coding", re.IGNORECASE)
# Providers whose tier size is the first length of the upper tier; elsewhere it is the last length of the lower tier.
INCLUSIVE = ("xai", "openrouter")
LEGACY_SIZE = 200_000
EFFORTS = ("low", "medium", "high", "xhigh", "max")


def read(content: bytes) -> Document:
    """All offers, second providers last; InexactError or SourceError if the document is not from models.dev."""
    body = read_body(content)
    if isinstance(body, list):
        body = {entry["id"]: entry for entry in body if isinstance(entry, dict) and isinstance(entry.get("id"), str)}
    if not isinstance(body, dict):
        raise SourceError("The document is not an api.json of models.dev: it is not an object of providers.")
    providers = {
        name: values
        for name, values in body.items()
        if isinstance(values, dict) and isinstance(values.get("models"), dict)
    }
    if not any("npm" in values or "env" in values or "id" in values for values in providers.values()):
        raise SourceError("The document is not an api.json of models.dev: no entry is a provider with models.")
    findings = [
        f"{name[:255]} is not a provider with models and was left out" for name in body.keys() - providers.keys()
    ]
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
    names = (provider, title if isinstance(title, str) else provider)
    prices = _prices(row, provider, is_plan=any(map(PLAN.search, names)))
    _judge_status(row)
    record = Record(
        name=name,
        provider=provider,
        first_party=any(vendor_matching.is_first_party(title, name) for title in names),
        display_name=row.text("name", longest=255),
        description=row.text("description", longest=10_000),
        series=row.text("family", longest=64),
        context_length=limits.count("context"),
        max_input_tokens=limits.count("input"),
        max_output_tokens=limits.count("output"),
        input_modalities=inputs,
        output_modalities=outputs,
        capabilities=_capabilities(row, inputs),
        reasoning_levels=inferred_fields.reasoning_options(row.take("reasoning_options")),
        knowledge_cutoff=row.cutoff("knowledge"),
        open_weights=row.flag("open_weights"),
        supported_endpoint_types=inferred_fields.endpoint_types(name, outputs),
        released_on=released,
        prices=prices,
        inferred=frozenset({"supported_endpoint_types"} | ({"released_on"} if is_month else set())),
    )
    findings = (*row.findings, *limits.findings)
    return replace(record, findings=findings, unmapped=(*row.left_over, *_unmapped_costs(values)))


def _unmapped_costs(values: Mapping[str, Any]) -> Iterable[str]:
    """Keys of prices that are not in the format, most of them misspelt."""
    cost = values.get("cost")
    known = (*METERS, "tiers", "context_over_200k")
    return (f"cost.{key}" for key in cost if key not in known) if isinstance(cost, dict) else ()


def _limits(row: Row) -> Row:
    limits = row.take("limit")
    if limits is not None and not isinstance(limits, dict):
        row.report("limit is not an object")
    return Row(limits if isinstance(limits, dict) else {})


def _modalities(row: Row) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    lists = row.take("modalities")
    if lists is not None and not isinstance(lists, dict):
        row.report("modalities is not an object")
    sides = Row(lists if isinstance(lists, dict) else {})
    inputs, outputs = (inferred_fields.modalities(sides.names(side)) for side in ("input", "output"))
    row.findings += [f"modalities: {finding}" for finding in sides.findings]
    return inputs, outputs


def _released(row: Row) -> tuple[Any, bool]:
    """The release date, and whether only the month is known."""
    text = row.values.get("release_date")
    if isinstance(text, str) and re.fullmatch(r"\d{4}-\d\d", text):
        month = Row({"release_date": f"{text}-01"})
        row.taken.add("release_date")
        return month.date("release_date"), True
    return row.date("release_date"), False


def _judge_status(row: Row) -> None:
    status = row.take("status")
    if status in ("alpha", "beta", "deprecated"):
        row.report(f"is {status} according to the source, without a date")
    elif status is not None:
        row.report(f"has the unknown status {str(status)[:32]}")


def _capabilities(row: Row, inputs: tuple[str, ...] | None) -> tuple[str, ...] | None:
    flags = {"tools": "tool_call", "structured_outputs": "structured_output", "reasoning": "reasoning"}
    stated = {word: row.take(key) for word, key in flags.items()}
    options = row.take("reasoning_options")
    if all(value is None for value in stated.values()):
        return None
    return inferred_fields.capabilities(
        [*(word for word, value in stated.items() if value is True), *_efforts(options)], inputs
    )


def _efforts(options: Any) -> Iterable[str]:
    for option in options if isinstance(options, list) else []:
        if isinstance(option, dict) and option.get("type") == "effort":
            values = option.get("values")
            yield "effort"
            yield from (f"effort_{level}" for level in EFFORTS if isinstance(values, list) and level in values)


def _prices(row: Row, provider: str, *, is_plan: bool) -> Sheet | None:
    """The base prices, then those of longer prompts, then those of special modes; None if there are none."""
    cost = row.take("cost")
    lines: list[Line] = []
    if cost is not None and not isinstance(cost, dict):
        row.reject_price("cost is not an object")
    elif cost:
        lines = [*_lines(row, cost, ()), *_tiers(row, cost, provider)]
    lines += _modes(row, provider)
    if not lines or not row.price_is_sound:
        return None
    if is_plan and all(line.amount == 0 for line in lines):
        lines = [replace(line, amount=None, kind="included") for line in lines]
    return row.sheet(lines)


def _lines(row: Row, cost: Mapping[str, Any], conditions: tuple[Condition, ...]) -> Iterable[Line]:
    """The price lines; a figure with an unknown name is not one."""
    for key, value in cost.items():
        if key in ("tiers", "tier", "context_over_200k") or value is None:
            continue
        if key not in METERS and (figure := read_amount(value)) is not None:
            row.set_aside("models_dev", key, figure)
        elif (amount := amount_of(value, f"{key} in cost", row)) is not None and key in METERS:
            yield Line(METERS[key], amount, MILLION, "token", conditions=conditions)


def _tiers(row: Row, cost: Mapping[str, Any], provider: str, *more: Condition) -> Iterable[Line]:
    """Prices of longer prompts, from the smallest boundary up. context_over_200k is a copy of a single tier."""
    tiers = cost.get("tiers")
    legacy = cost.get("context_over_200k")
    if tiers is None and legacy is not None:
        tiers = [{**legacy, "tier": {"size": LEGACY_SIZE}}] if isinstance(legacy, dict) else legacy
    if tiers is None:
        return
    if not isinstance(tiers, list) or not all(isinstance(tier, dict) for tier in tiers):
        row.reject_price("the tiers in cost are not a list of objects")
        return
    sized = [(_size(tier), tier) for tier in tiers]
    if not all(size for size, _ in sized):
        row.reject_price("a tier in cost has no context size")
        return
    for size, tier in sorted(sized, key=lambda pair: pair[0]):
        # 200001 is the first length of the upper tier, 200000 the last length of the lower tier.
        op = "gte" if size % 1000 == 1 or provider in INCLUSIVE else "gt"
        yield from _lines(row, tier, (*more, {"dim": "prompt_tokens", "op": op, "value": size}))


def _size(tier: Mapping[str, Any]) -> int:
    """The boundary of the tier in tokens; 0 if it has none."""
    bound = tier.get("tier")
    size: Any = bound.get("size") if isinstance(bound, dict) and bound.get("type", "context") == "context" else None
    return int(size) if is_number(size) and 0 < size < 10**12 else 0


def _modes(row: Row, provider: str) -> Iterable[Line]:
    """Prices of modes that a request selects with fields of its body or with headers."""
    experimental = row.take("experimental")
    modes = experimental.get("modes") if isinstance(experimental, dict) else None
    for name, mode in modes.items() if isinstance(modes, dict) else ():
        cost = mode.get("cost") if isinstance(mode, dict) else None
        if cost is None:
            continue
        if not isinstance(cost, dict):
            row.reject_price(f"the cost of the mode {name[:64]} is not an object")
            continue
        condition = _mode_condition(name, mode.get("provider"))
        yield from _lines(row, cost, (condition,))
        yield from _tiers(row, cost, provider, condition)


def _mode_condition(name: str, request: Any) -> Condition:
    """The condition that a request selects this mode."""
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
