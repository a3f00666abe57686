"""What one-hub and done-hub do with a list of prices: decode it as Go does, and charge a call by a row of it."""

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.test import Client

from pricing.engine.quoting import Use
from tests.cases.recorded_calls import usage_of

# One dollar.
QUOTA = 500_000
# What a model without a row costs.
UNKNOWN_PRICE = 30.0
# Kind of tokens -> the ratio of a row that states none; other kinds, and kinds that one-hub lacks, cost 1.
DEFAULTS = {
    "one-hub": {"cached_tokens": 1.0, "cached_write_tokens": 1.25, "cached_read_tokens": 0.1},
    "done-hub": {
        "cached_tokens": 1.0,
        "cached_write_tokens": 1.25,
        "cached_write_1h_tokens": 2.0,
        "cached_read_tokens": 0.1,
        "openai_cache_write_tokens": 1.25,
    },
}
# Meter of a quote -> the kinds in which a program may report its tokens.
KINDS = {
    "input": (),
    "output": (),
    "input.cache_read": ("cached_tokens", "cached_read_tokens"),
    "input.cache_write[5m]": ("cached_write_tokens", "openai_cache_write_tokens"),
    "input.cache_write[1h]": ("cached_write_1h_tokens",),
    "input.audio": ("input_audio_tokens",),
    "input.image": ("input_image_tokens",),
    "input.text": ("input_text_tokens",),
    "output.audio": ("output_audio_tokens",),
    "output.image": ("output_image_tokens",),
    "output.text": ("output_text_tokens",),
    "output.reasoning": ("reasoning_tokens",),
}


@dataclass(frozen=True)
class GoRow:
    """A row as both programs store it; one-hub has no `long_context`."""

    kind: str = ""
    input: float = 0.0
    output: float = 0.0
    extra_ratios: Mapping[str, float] = field(default_factory=dict)
    threshold: int = 0
    long_input: float = 0.0
    long_output: float = 0.0


@dataclass(frozen=True)
class Call:
    """How many tokens of each meter a call has; `reported_as` is the kind that each is reported in."""

    tokens: Mapping[str, int]
    reported_as: Mapping[str, str] = field(default_factory=dict)

    @property
    def usage(self) -> dict[str, Use]:
        return {meter: Use(Decimal(quantity), "token") for meter, quantity in self.tokens.items()}


UNKNOWN_ROW = GoRow("tokens", UNKNOWN_PRICE, UNKNOWN_PRICE)


def decode(content: bytes) -> dict[str, GoRow]:
    """Model -> its row; AssertionError where Go's decoder rejects the document, which changes nothing."""
    rows = json.loads(content)["data"]
    assert len({row["model"] for row in rows}) == len(rows)
    return {row["model"]: decode_row(row) for row in rows}


def decode_row(row: Mapping[str, Any]) -> GoRow:
    assert isinstance(row["model"], str)
    assert isinstance(row["type"], str)
    assert type(row["channel_type"]) is int
    assert type(row["locked"]) is bool
    extra, long = row.get("extra_ratios", {}), row.get("long_context", {})
    assert type(long.get("threshold", 0)) is int
    return GoRow(
        row["type"],
        number(row.get("input", 0)),
        number(row.get("output", 0)),
        {key: number(ratio) for key, ratio in extra.items()},
        long.get("threshold", 0),
        number(long.get("input_ratio", 0)),
        number(long.get("output_ratio", 0)),
    )


def number(value: Any) -> float:
    """A float64; the decoder rejects text, true and numbers beyond its range."""
    assert isinstance(value, int | float)
    assert not isinstance(value, bool)
    assert math.isfinite(value)
    return float(value)


def charge(row: GoRow, call: Call, *, program: str, group: float = 1.0) -> int:
    """What the program charges, in quota."""
    price_in = max(row.input, 0.0) * group
    price_out = 0.0 if row.kind == "times" else max(row.output, 0.0) * group
    if row.kind == "times":
        quota = int(1000 * price_in)
    else:
        prompt = sum(quantity for meter, quantity in call.tokens.items() if meter.startswith("input"))
        completion = sum(call.tokens.values()) - prompt
        if program == "done-hub" and 0 < row.threshold < prompt:
            price_in *= row.long_input if row.long_input > 0 else 1
            price_out *= row.long_output if row.long_output > 0 else 1
        for meter, kind in call.reported_as.items():
            ratio = row.extra_ratios.get(kind, DEFAULTS[program].get(kind, 1.0))
            extra = int(call.tokens[meter] * (ratio - 1))
            prompt, completion = (
                (prompt + extra, completion) if meter.startswith("input") else (prompt, completion + extra)
            )
        quota = math.ceil(prompt * price_in + completion * price_out)
        if prompt + completion == 0:
            return 0
    return max(quota, 1) if price_in else quota


def tolerance(row: GoRow, call: Call) -> float:
    """The most quota that rounding of whole tokens and of quota can change, with 15 digits of each number."""
    factor = max(row.long_input, row.long_output, 1.0)
    tokens = 1 + len(call.reported_as)
    return 1 + (tokens + sum(call.tokens.values()) * 1e-12) * (row.input + row.output) * factor


def charges_from_our_rows(
    client: Client, answers: Mapping[str, Any], *, program: str, claude: Collection[str] = ()
) -> list[tuple[Any, int]]:
    """Recorded charges of models that have a row here, each with what a program that took our rows would charge.

    `claude`: the models whose channel counts only as Anthropic does.
    """
    charges = []
    rows: dict[str, dict[str, GoRow]] = {}
    for recorded in answers["charges"]:
        # Without output, the programs estimate the tokens; the rate of the group is only recorded by one-hub.
        is_known = "group_ratio" in recorded or recorded["key"] == "plain"
        if "quota" not in recorded or not recorded["usage"]["completion_tokens"] or not is_known:
            continue
        key = answers["keys"][recorded["key"]]["key"]
        if key not in rows:
            rows[key] = decode(client.get("/api/prices", headers={"authorization": f"Bearer sk-{key}"}).content)
        if row := rows[key].get(recorded["model"]):
            call = recorded_call(recorded["usage"], counts_details=recorded["model"] not in claude)
            charges.append((recorded, charge(row, call, program=program, group=recorded.get("group_ratio", 1))))
    return charges


def recorded_call(recorded: Mapping[str, Any], *, counts_details: bool) -> Call:
    """The tokens of a recorded call, by the kinds in which the programs report them."""
    tokens = usage_of(recorded, counts_details=counts_details)
    kinds = {meter: kinds for meter, kinds in KINDS.items() if kinds} | {
        "input.cache_write": ("openai_cache_write_tokens",)
    }
    way = -1 if "claude" in recorded else 0
    kinds |= {"input.cache_read": (kinds["input.cache_read"][way],)}
    return Call(tokens, {meter: kinds[meter][0] for meter in tokens if meter in kinds})
