"""How LiteLLM combines the price keys of a row: prices that its engine derives from other keys, and their order.

The rules are those of `_get_token_base_cost`, `_resolve_reasoning_token_cost` and `_batch_prompt_cost` in LiteLLM. A
line that no key states names the key that implies it in its fact `implied_by`; an export leaves it out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from catalog.prices import Condition, Line
from catalog.sources.litellm_keys import format_key

FAST: Condition = {"dim": "service_tier", "op": "eq", "value": "fast"}
PRIORITY: Condition = {"dim": "service_tier", "op": "eq", "value": "priority"}
BATCH: Condition = {"dim": "service_tier", "op": "eq", "value": "batch"}
# In a batch, tokens of a meter without a batch price are charged as the first of these meters that has one.
BATCH_PRICES = {
    "input.cache_read": ("input",),
    "input.cache_write": ("input",),
    "input.audio": ("input",),
    "input.image": ("input",),
    "input.video": ("input",),
    "input.audio.cache_read": ("input.cache_read", "input"),
    "input.image.cache_read": ("input.cache_read", "input"),
    "input.audio.cache_write": ("input.cache_write", "input"),
    "input.image.cache_write": ("input.cache_write", "input"),
    "output.reasoning": ("output",),
    "output.audio": ("output",),
    "output.video": ("output",),
}


def combine(stated: Iterable[Line], *, has_fast_factor: bool) -> list[Line]:
    """The lines that a row states and those that LiteLLM derives from them, in the order in which they apply.

    `has_fast_factor`: whether the row has a factor for the tier `fast`, which replaces the priority prices.
    """
    lines = list(stated)
    lines += _reasoning_lines(lines)
    lines += _batch_lines(lines)
    if not has_fast_factor:
        lines += _fast_lines(lines)
    return sorted(lines, key=_order)


def _order(line: Line) -> tuple[Any, ...]:
    """The sort key; the last line that applies wins.

    A batch has its price for prompts of every length, and a one-hour cache write has its price in every service tier
    and for every length; beyond a length, the price of that length replaces the price of the service tier. The longest
    matching key wins among the rest. Prices per token come last.
    """
    values = {condition["dim"]: condition["value"] for condition in line.conditions}
    return (
        bool(values),
        line.unit == "token",
        values.get("service_tier") == "batch",
        "cache_ttl" in values or "cache_type" in values,
        values.get("prompt_tokens", 0),
        len(values),
        "service_tier" in values,
        values.get("duration", 0),
        "key" not in line.facts,
    )


def _reasoning_lines(lines: Sequence[Line]) -> list[Line]:
    """Reasoning in a service tier without a price for it costs what output costs in that tier."""
    output = [line for line in lines if (line.meter, line.unit) == ("output", "token")]
    reasoning = [line for line in lines if (line.meter, line.unit) == ("output.reasoning", "token")]
    if not reasoning:
        return []
    lengths = [line for line in output if _dims(line) == {"prompt_tokens"}]
    implied = []
    for tier in (line for line in output if _dims(line) == {"service_tier"} and BATCH not in line.conditions):
        if any(tier.conditions[0] in line.conditions for line in reasoning):
            continue
        combined = [line for line in output if tier.conditions[0] in line.conditions]
        stated = [line.conditions for line in combined]
        implied += [_imply(line, "output.reasoning") for line in combined]
        for line in lengths:
            conditions = (*line.conditions, *tier.conditions)
            if conditions not in stated:
                implied.append(_imply(line, "output.reasoning", conditions=conditions))
    return implied


def _batch_lines(lines: Sequence[Line]) -> list[Line]:
    """Tokens without a batch price cost in a batch what text costs in it, whether they are cached or not."""
    priced = {line.meter for line in lines if line.unit == "token" and not _is_of_batch(line)}
    batch = {line.meter: line for line in lines if line.unit == "token" and line.conditions == (BATCH,)}
    return [
        _imply(batch[source], meter)
        for meter, sources in BATCH_PRICES.items()
        if meter in priced and meter not in batch and (source := next((name for name in sources if name in batch), ""))
    ]


def _fast_lines(lines: Sequence[Line]) -> list[Line]:
    """The tier `fast` costs what the tier `priority` costs, unless the row states a price for it."""
    stated = [(line.meter, line.unit, line.conditions) for line in lines]
    fast = [
        _imply(
            line, line.meter, conditions=[FAST if condition == PRIORITY else condition for condition in line.conditions]
        )
        for line in lines
        if PRIORITY in line.conditions
    ]
    return [line for line in fast if (line.meter, line.unit, line.conditions) not in stated]


def _imply(line: Line, meter: str, *, conditions: Iterable[Condition] | None = None) -> Line:
    key = line.facts.get("implied_by") or line.facts.get("key")
    key = key or format_key(line.meter, line.unit, line.per, line.conditions)
    own = line.conditions if conditions is None else tuple(conditions)
    return replace(line, meter=meter, conditions=own, facts={"implied_by": key})


def _is_of_batch(line: Line) -> bool:
    return BATCH in line.conditions


def _dims(line: Line) -> set[str]:
    return {condition["dim"] for condition in line.conditions}
