"""LiteLLM's cost map: what came from its file leaves under the same keys, and our own prices under its grammar."""

import datetime as dt
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command

from catalog.exact import read_json, write_json
from catalog.prices import Line, Sheet
from catalog.sources import litellm as source
from catalog.sources.litellm import NOT_MODELS, PRICE_WORDS
from catalog.sources.litellm_keys import parse_key
from pricing.export.litellm import price_row
from tests.samples import HERE, real, sample


def figures(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Decimal]]:
    """Every number in a value with the keys that lead to it, except the hours of windows."""
    match value:
        case bool():
            return
        case int() | Decimal():
            yield path, Decimal(value)
        case dict():
            for key, part in value.items():
                if key not in ("windows", "weekdays"):
                    yield from figures(part, (*path, key))
        case list():
            for position, part in enumerate(value):
                yield from figures(part, (*path, position))


def prices_in(row: dict[str, Any]) -> dict[tuple[Any, ...], Decimal]:
    return dict(figures({key: value for key, value in row.items() if parse_key(key) or PRICE_WORDS.search(key)}))


def through_us(content: bytes) -> tuple[int, dict[str, Any]]:
    """How many figures went through, and the models whose figures are not what they were."""
    rows, count, moved = read_json(content), 0, {}
    for record in source.read(content).records:
        if record.prices is None:
            continue
        lines = record.prices.lines
        exported = prices_in(price_row(Sheet("USD", lines, facts=record.prices.facts)))
        expected = prices_in(rows[record.name])
        count += len(expected)
        if exported != expected:
            moved[record.name] = (expected, exported)
    return count, moved


def test_facts_that_an_operator_wrote_are_not_published() -> None:
    line = Line("input", Decimal(2), 1_000_000, "token")
    facts = {"our_cost": "0.5", "price_of_contract": {"customer": "Acme"}, "search_free_requests": 1500}
    assert price_row(Sheet("USD", (line,), facts=facts)) == {
        "input_cost_per_token": Decimal("0.000002"),
        "search_free_requests": 1500,
    }


def test_every_figure_of_the_sample_comes_back_under_its_key() -> None:
    count, moved = through_us(sample("litellm.json"))

    assert count > 30
    assert moved == {}


@pytest.mark.parametrize(("name", "least"), [("1.83.0", 6_858), ("1.103.0", 15_188)])
def test_every_figure_of_the_real_map_comes_back_under_its_key(name: str, least: int) -> None:
    count, moved = through_us(real(f"litellm/model_prices_{name}.json"))

    assert count >= least
    assert moved == {}


@pytest.mark.django_db
def test_a_map_that_was_imported_is_exported_equal(tmp_path: Path) -> None:
    call_command("import_catalog", "litellm", file=str(HERE / "litellm.json"), channel="main", publish=True, apply=True)
    call_command("export_catalog", "litellm", output=str(tmp_path / "map.json"))

    before, after = read_json(sample("litellm.json")), read_json((tmp_path / "map.json").read_bytes())
    listed = [name for name in before if name in after]
    assert len(listed) > 5
    for name in listed:
        assert prices_in(after[name]) == prices_in(before[name]), name
    assert not set(NOT_MODELS) & set(after)
    again = source.read((tmp_path / "map.json").read_bytes())
    assert {record.name for record in again.records} == set(after)


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "least", "refused"), [("1.83.0", 6_858, 11), ("1.103.0", 15_188, 2)])
def test_a_real_map_goes_through_the_database_and_comes_out_equal(
    tmp_path: Path, name: str, least: int, refused: int
) -> None:
    content = real(f"litellm/model_prices_{name}.json")
    (tmp_path / "in.json").write_bytes(content)
    # A day on which none of its models is retired yet: lists leave out retired models.
    with time_machine.travel(dt.datetime(2020, 1, 1, tzinfo=dt.UTC)):
        arguments = {"file": str(tmp_path / "in.json"), "channel": "main", "publish": True, "apply": True}
        call_command("import_catalog", "litellm", **arguments, format="json", stdout=(output := io.StringIO()))
        call_command("export_catalog", "litellm", output=str(tmp_path / "out.json"))

    before, after = read_json(content), read_json((tmp_path / "out.json").read_bytes())
    figures_of = {name: prices_in(row) for name, row in before.items() if name not in NOT_MODELS}
    moved = {name for name, expected in figures_of.items() if prices_in(after.get(name, {})) != expected}
    # A price above $10,000 per million tokens is a mistake in the file, and is reported.
    findings = json.loads(output.getvalue())["findings"]
    assert moved == {name for one in findings if "is more than $10000" in one["finding"] for name in one["models"]}
    assert len(moved) == refused
    assert sum(map(len, figures_of.values())) >= least
    assert all(not prices_in(after.get(name, {})) for name in moved)


def line(meter: str, amount: str, *conditions: tuple[str, str, Any], per: int = 1_000_000, unit: str = "token") -> Line:
    listed = tuple({"dim": dim, "op": op, "value": value} for dim, op, value in conditions)
    return Line(meter, Decimal(amount), per, unit, conditions=listed)


@pytest.mark.parametrize(
    ("line", "key", "amount"),
    [
        (line("input", "2.5"), "input_cost_per_token", "0.0000025"),
        (
            line("output", "22.5", ("prompt_tokens", "gt", 200_000)),
            "output_cost_per_token_above_200k_tokens",
            "0.0000225",
        ),
        (line("input", "6", ("prompt_tokens", "gte", 272_001)), "input_cost_per_token_above_272k_tokens", "0.000006"),
        (line("input", "1", ("service_tier", "eq", "batch")), "input_cost_per_token_batches", "0.000001"),
        (
            line("input.cache_write", "6", ("cache_ttl", "eq", "1h")),
            "cache_creation_input_token_cost_above_1hr",
            "0.000006",
        ),
        (line("input.cache_write", "3.75", ("cache_ttl", "eq", "5m")), "cache_creation_input_token_cost", "0.00000375"),
        (line("file_search", "0.0025", per=1, unit="request"), "file_search_cost_per_1k_calls", "2.5"),
        (line("output.image", "0.04", per=1, unit="image"), "output_cost_per_image", "0.04"),
    ],
)
def test_prices_of_other_sources_are_written_in_its_grammar(line: Line, key: str, amount: str) -> None:
    assert price_row(Sheet("USD", (line,))) == {key: Decimal(amount)}


@pytest.mark.parametrize(
    "line",
    [
        line("input", "1", ("prompt_tokens", "gt", 1500)),
        line("input", "1", ("time", "in", {"tz": "UTC", "windows": []})),
        line("input", "1", ("thinking", "eq", True)),
        line("input", "1", ("prompt_tokens", "lt", 200_000)),
        line("output.video", "1", ("resolution", "eq", "1234p"), per=1, unit="second"),
        line("x.other.figure", "1"),
    ],
)
def test_prices_that_its_grammar_cannot_express_are_left_out(line: Line) -> None:
    assert price_row(Sheet("USD", (line,))) == {}


def test_the_billing_unit_of_web_searches_comes_back() -> None:
    search = {"search_context_size_low": Decimal("0.01")}
    row = {"mode": "chat", "search_context_cost_per_query": search, "web_search_billing_unit": "per_query"}
    sheet = source.read(write_json({"m": row})).records[0].prices
    assert sheet is not None
    assert price_row(sheet) == {name: value for name, value in row.items() if name != "mode"}


def test_unused_figures_are_left_out_of_a_discounted_price() -> None:
    row = {"mode": "chat", "input_cost_per_token": Decimal("0.000001"), "fedramp_uplift_multiplier": Decimal("1.1")}
    sheet = source.read(write_json({"m": row})).records[0].prices
    assert sheet is not None
    assert price_row(sheet)["fedramp_uplift_multiplier"] == Decimal("1.1")
    assert price_row(sheet.times(Decimal("0.5"), rule="half").folded()) == {"input_cost_per_token": Decimal("5E-7")}


def test_free_units_and_minimums_are_not_prices() -> None:
    lines = (line("input", "3"), replace(line("input", "1000", per=1), kind="allowance"))
    minimum = replace(line("output.image", "5", per=1, unit="image"), kind="minimum")

    assert price_row(Sheet("USD", (*lines, minimum))) == {"input_cost_per_token": Decimal("0.000003")}


def test_free_tokens_are_left_out_beside_a_fee_that_its_grammar_cannot_express() -> None:
    fee = line("x.other.song", "0.1", per=1, unit="request")

    assert price_row(Sheet("USD", (line("input", "0"), fee))) == {}
    assert price_row(Sheet("USD", (line("input", "0"),))) == {"input_cost_per_token": 0}


When = tuple[dict[str, Any], ...]


def combined(*lines: tuple[str, str, When]) -> dict[str, Any]:
    """The combined keys in the row of a sheet of these lines: meter, amount, conditions."""
    prices = tuple(Line(meter, Decimal(amount), 1, "token", conditions=when) for meter, amount, when in lines)
    return {
        key: value
        for key, value in price_row(Sheet("USD", prices)).items()
        if key.count("_above_") + key.count("_flex") + key.count("_batches") > 1
    }


def test_a_combination_that_litellm_would_charge_otherwise_has_its_own_key() -> None:
    """A later line applies here; LiteLLM prefers the length to the tier, and the lifetime or batch to the length."""
    long: When = ({"dim": "prompt_tokens", "op": "gt", "value": 200_000},)
    hour: When = ({"dim": "cache_ttl", "op": "eq", "value": "1h"},)
    flex: When = ({"dim": "service_tier", "op": "eq", "value": "flex"},)
    batch: When = ({"dim": "service_tier", "op": "eq", "value": "batch"},)

    assert combined(("input", "1", ()), ("input", "3", long), ("input", "2", flex)) == {
        "input_cost_per_token_above_200k_tokens_flex": 2
    }
    assert combined(("input", "1", ()), ("input", "2", flex), ("input", "3", long)) == {}
    assert combined(("input", "1", batch), ("input", "3", long)) == {
        "input_cost_per_token_above_200k_tokens_batches": 3
    }
    writes = [("input.cache_write", "4", hour), ("input.cache_write", "5", long)]
    assert combined(*writes) == {"cache_creation_input_token_cost_above_1hr_above_200k_tokens": 5}
    assert combined(*reversed(writes)) == {}
    assert combined(*writes, ("input.cache_write", "8", (*hour, *long))) == {
        "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 8
    }
