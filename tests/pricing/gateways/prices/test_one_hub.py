"""What one-hub and done-hub charge: rows and patterns, mapped models, multiples for kinds of tokens, long prompts."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pricing.gateways.prices.one_hub import findings, price, unknown_ratios, unused_rows
from pricing.gateways.reading.databases import sqlite_file
from pricing.gateways.reading.gateway import Gateway
from pricing.gateways.reading.reader import read_gateway
from tests.pricing.gateways.databases import channel, group, option, sqlite_gateway
from tests.pricing.gateways.databases import price as row

Lines = dict[tuple[str, ...], Decimal]


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def read_rows(program: str = "done-hub", **rows: Any) -> Gateway:
        rows.setdefault("user_groups", [group(1, "default"), group(2, "vip")])
        with sqlite_file(sqlite_gateway(tmp_path, program, **rows)) as tables:
            return read_gateway(tables)

    return read_rows


def lines(gateway: Gateway, name: str) -> Lines:
    return of_rows(price(name, gateway).row["prices"])


def of_rows(rows: list[dict[str, Any]]) -> Lines:
    """(meter, its conditions) -> amount per unit of the line."""
    return {
        (line["meter"], *(f"{each['dim']} {each['op']} {each['value']}" for each in line.get("conditions", ()))): (
            line["amount"]
        )
        for line in rows
    }


def test_numbers_are_two_dollars_and_calls_a_fifth_of_a_cent(read: Any) -> None:
    gateway = read(
        channels=[channel(1, "tokens,calls,free,out,in,negative")],
        prices=[
            row("tokens", 0.0375, 8.5714), row("calls", 7.5, 99, type="times"), row("free", 0, 0), row("out", 0, 3),
            row("in", 1, 0), row("negative", -1, -2),
        ],
    )  # fmt: skip

    assert lines(gateway, "tokens") == {("input",): Decimal("0.075"), ("output",): Decimal("17.1428")}
    assert price("calls", gateway).row["prices"] == [
        {"meter": "request", "amount": Decimal("0.015"), "per": 1, "unit": "request", "currency": "USD"}
    ]
    assert set(lines(gateway, "free").values()) == set(lines(gateway, "negative").values()) == {Decimal(0)}
    assert lines(gateway, "out") == {("input",): 0, ("output",): 6}
    assert lines(gateway, "in") == {("input",): 2, ("output",): 0}


def test_done_hub_charges_what_is_written_to_a_cache_without_listing_it(read: Any) -> None:
    gateway = read(channels=[channel(1, "a,calls")], prices=[row("a", 1, 2), row("calls", 1, 0, type="times")])

    assert price("a", gateway).use_factors == {"input.cache_write": Decimal("1.25")}
    assert price("a", gateway).rules == {"input.cache_write": "by done-hub's ratio for openai_cache_write_tokens"}
    assert price("calls", gateway).use_factors == {}


def test_a_quota_per_dollar_of_the_operator_changes_all_prices(read: Any) -> None:
    gateway = read(
        "one-hub",
        channels=[channel(1, "tokens,calls,other")],
        prices=[row("tokens", 1, 2), row("calls", 5, 0, type="times")],
        options=[option("QuotaPerUnit", 1_000_000)],
    )

    assert lines(gateway, "tokens") == {("input",): 1, ("output",): 2}
    assert lines(gateway, "calls") == {("request",): Decimal("0.005")}
    assert lines(gateway, "other") == {("input",): 30, ("output",): 30}


def test_a_product_of_long_numbers_has_28_digits(read: Any) -> None:
    gateway = read(
        "one-hub",
        channels=[channel(1, "a")],
        prices=[row("a", 1 / 3, 1, extra_ratios={"cached_tokens": 0.123456789012345})],
        options=[option("QuotaPerUnit", 700_000)],
    )

    assert lines(gateway, "a")["input.cache_read",] == Decimal("0.05878894714873570840681957086")


def test_a_model_without_a_row_costs_thirty_by_a_rule(read: Any) -> None:
    gateway = read("one-hub", channels=[channel(1, "known,unknown")], prices=[row("known", 1, 2)])

    assert lines(gateway, "unknown") == {("input",): 60, ("output",): 60}
    rule = "by one-hub's price for models without a row"
    assert price("unknown", gateway).rules == {"input": rule, "output": rule}
    assert price("known", gateway).rules == {}
    assert next(findings(gateway)) == (
        "1 model has no row in the table of prices; the program charges $60 for a million tokens of input and of "
        "output: unknown"
    )


def test_a_mapped_model_costs_what_its_target_costs(read: Any) -> None:
    gateway = read(
        "one-hub",
        channels=[channel(1, "a,b,c", model_mapping='{"a": "real", "b": "+real", "c": "missing"}')],
        prices=[row("a", 1, 4), row("b", 1, 4), row("c", 1, 4), row("real", 3, 12)],
    )

    assert [lines(gateway, name)["input",] for name in "abc"] == [6, 2, 60]
    assert gateway.channels[0].upstream_names == {"a": "real", "b": "real", "c": "missing"}
    assert unused_rows(gateway) == ["a", "c"]


def test_a_group_pays_the_price_of_its_own_first_channel(read: Any) -> None:
    gateway = read(
        channels=[
            channel(1, "a", group="default", priority=1),
            channel(2, "a", group="vip", model_mapping='{"a": "cheap"}', type=14),
            channel(3, "a", group="vip", priority=-1),
            channel(4, "a", group="default", status=2, priority=9, model_mapping='{"a": "cheap"}'),
        ],
        prices=[row("a", 1, 2, extra_ratios={"reasoning_tokens": 3}), row("cheap", 0.5, 1)],
    )

    assert lines(gateway, "a") == {
        ("input",): 2, ("output",): 4, ("input.cache_write",): Decimal("2.5"), ("output.reasoning",): 12,
    }  # fmt: skip
    assert of_rows(price("a", gateway).group_prices["vip"]["prices"]) == {
        ("input",): 1, ("output",): 2, ("output.reasoning",): 2, ("input.cache_read",): Decimal("0.1"),
        ("input.cache_write",): Decimal("1.25"), ("input.cache_write", "cache_ttl eq 1h"): 2,
    }  # fmt: skip
    assert next(findings(gateway)) == (
        "a: the price depends on the channel that serves the call; that of the enabled channel with the highest "
        "priority was used"
    )


@pytest.mark.parametrize(
    ("program", "type_number", "expected"),
    [
        ("one-hub", 1, {("input.cache_read",): 3}),
        ("one-hub", 14, {("input.cache_read",): Decimal("0.2"), ("input.cache_write",): Decimal("2.5")}),
        ("done-hub", 1, {("input.cache_read",): 3, ("input.cache_write",): 10}),
        (
            "done-hub",
            62,
            {
                ("input.cache_read",): Decimal("0.2"),
                ("input.cache_write",): Decimal("2.5"),
                ("input.cache_write", "cache_ttl eq 1h"): 4,
            },
        ),
    ],
)
def test_the_channel_decides_how_cached_tokens_are_counted(
    read: Any, program: str, type_number: int, expected: Lines
) -> None:
    ratios = {"cached_tokens": 1.5, "openai_cache_write_tokens": 5, "my_own_tokens": 3}
    gateway = read(program, channels=[channel(1, "a", type=type_number)], prices=[row("a", 1, 2, extra_ratios=ratios)])

    assert lines(gateway, "a") == {("input",): 2, ("output",): 4} | expected
    assert "my_own_tokens" in unknown_ratios(gateway)


def test_ratios_that_the_operator_did_not_set_name_their_rule(read: Any) -> None:
    ratios = {"cached_read_tokens": 0.2}
    gateway = read(channels=[channel(1, "a,unknown", type=14)], prices=[row("a", 1, 2, extra_ratios=ratios)])

    assert price("a", gateway).rules == {
        "input.cache_write": "by done-hub's ratio for cached_write_tokens",
        "input.cache_write[1h]": "by done-hub's ratio for cached_write_1h_tokens",
    }
    assert lines(gateway, "unknown") == {
        ("input",): 60, ("output",): 60, ("input.cache_read",): 6, ("input.cache_write",): 75,
        ("input.cache_write", "cache_ttl eq 1h"): 120,
    }  # fmt: skip
    assert {name: text for name, text, _ in price("a", gateway).reasons()}["input.cache_write[1h]"] == "4"


def test_models_on_vertex_and_bedrock_count_as_their_vendor_does(read: Any) -> None:
    names = ["claude-x", "gemini-x", "anthropic.claude-y", "openai.gpt-oss"]
    channels = [channel(1, "claude-x,gemini-x", type=42), channel(2, "anthropic.claude-y,openai.gpt-oss", type=32)]
    gateway = read("one-hub", channels=channels, prices=[row(name, 1, 1) for name in names])

    assert [name for name in names if ("input.cache_read",) in lines(gateway, name)] == [names[0], names[2]]


def test_kinds_of_tokens_cost_a_multiple_of_their_side(read: Any) -> None:
    ratios = {
        "input_audio_tokens": 16, "output_audio_tokens": 8, "input_image_tokens": 2, "output_image_tokens": 1.5,
        "input_text_tokens": 0.5, "output_text_tokens": 0, "reasoning_tokens": 5.833,
    }  # fmt: skip
    gateway = read("one-hub", channels=[channel(1, "a")], prices=[row("a", 1, 10, extra_ratios=ratios)])

    assert lines(gateway, "a") == {
        ("input",): 2, ("output",): 20, ("input.audio",): 32, ("output.audio",): 160, ("input.image",): 4,
        ("output.image",): 30, ("input.text",): 1, ("output.text",): 0, ("output.reasoning",): Decimal("116.66"),
    }  # fmt: skip


def test_a_long_prompt_multiplies_the_whole_call(read: Any) -> None:
    gateway = read(
        channels=[channel(1, "a,zero,off,calls")],
        prices=[
            row("a", 1, 2, extra_ratios={"cached_tokens": 0.1}, long_context=long(200_000, 2, 1.5)),
            row("zero", 1, 2, long_context=long(200_000, 2, 0)),
            row("off", 1, 2, long_context=long(0, 2, 2)),
            row("calls", 1, 2, type="times", long_context=long(1, 2, 2)),
        ],
    )
    above = "prompt_tokens gt 200000"

    assert lines(gateway, "a") == {
        ("input",): 2, ("output",): 4, ("input.cache_read",): Decimal("0.2"),
        ("input", above): 4, ("output", above): 6, ("input.cache_read", above): Decimal("0.4"),
    }  # fmt: skip
    assert ("output", above) not in lines(gateway, "zero")
    assert lines(gateway, "off") == {("input",): 2, ("output",): 4}
    assert lines(gateway, "calls") == {("request",): Decimal("0.002")}


def long(threshold: int, of_input: float, of_output: float) -> dict[str, float]:
    return {"threshold": threshold, "input_ratio": of_input, "output_ratio": of_output}


def test_patterns_that_overlap_and_options_are_reported(read: Any) -> None:
    gateway = read(
        channels=[channel(1, "x-y-z")],
        prices=[row("x-*", 1, 1), row("x-y-*", 2, 2)],
        options=[option("EmptyResponseBillingEnabled", "false"), option("ModelNameCaseInsensitiveEnabled", "true")],
    )

    texts = " ".join(findings(gateway))
    assert lines(gateway, "x-y-z")["input",] == 4
    assert "x-y-z: several patterns in the table of prices fit" in texts
    assert "EmptyResponseBillingEnabled is off" in texts
    assert "ModelNameCaseInsensitiveEnabled" in texts
