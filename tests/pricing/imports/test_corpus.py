"""Real files, if this machine has them: imported completely and exactly, and unchanged by a second import."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.exact import multiply, plain, ratio, read_json
from catalog.models import AIModel
from catalog.prices import UNUSED_FIGURES, Line, Sheet
from catalog.sources import litellm, new_api
from catalog.sources.litellm_keys import format_key
from pricing.models import PriceLine
from tests.pricing.imports.running import Outcome, run, state
from tests.samples import real, sample_or_real

MAPS = ["litellm/model_prices_1.83.0.json", "litellm/model_prices_1.103.0.json"]
NESTED = ("tiered_pricing", "off_peak_pricing", "search_context_cost_per_query", "guardrail_cost_per_unit")


def load(name: str) -> bytes:
    return sample_or_real(name)


def written_again(figure: Line) -> str | None:
    """The flat key that a figure came from, made of its meter and conditions; None without a key of its own."""
    if "block" in figure.facts or "implied_by" in figure.facts:
        return None
    if "key" in figure.facts:
        return str(figure.facts["key"])
    return format_key(figure.meter, figure.unit, figure.per, figure.conditions)


def figures_of(sheet: Sheet) -> dict[str, Decimal | None]:
    """Flat key -> its number, from the lines and the unused figures of a sheet."""
    unused = sheet.facts.get(UNUSED_FIGURES, {})
    figures = {key.removeprefix("litellm."): figure for key, figure in unused.items()}
    figures |= {key: line.amount for line in sheet.lines if (key := written_again(line))}
    figures |= {key: line.amount for line in sheet.lines for key in line.facts.get("also", ())}
    return {key: amount for key, amount in figures.items() if not key.startswith("provider_specific_entry.")}


def flat_prices(row: Mapping[str, Any]) -> dict[str, Decimal]:
    return {
        key: Decimal(value)
        for key, value in row.items()
        if isinstance(value, int | Decimal) and not isinstance(value, bool) and ("cost" in key or "uplift" in key)
    }


@pytest.mark.parametrize("name", ["litellm.json", *MAPS])
def test_every_flat_price_key_is_exported_with_its_number(name: str) -> None:
    content = load(name)
    raw = read_json(content)
    for record in litellm.read(content).records:
        again = figures_of(record.prices) if record.prices else {}
        assert again == flat_prices(raw[record.name]), record.name


@pytest.mark.parametrize("name", ["litellm.json", *MAPS])
def test_every_figure_of_a_nested_block_is_read(name: str) -> None:
    content = load(name)
    raw = read_json(content)
    for record in litellm.read(content).records:
        figures = record.prices.lines if record.prices else ()
        for block in NESTED:
            prices = sorted(
                figure.amount for figure in figures if figure.facts.get("block") == block and figure.amount is not None
            )
            assert prices == sorted(numbers(raw[record.name].get(block))), (record.name, block)


def numbers(block: Any) -> list[Decimal]:
    """All prices in a nested block; the bounds of its ranges and its windows are none."""
    if isinstance(block, list):
        return [number for part in block for number in numbers(part)]
    prices = {key: value for key, value in (block or {}).items() if key not in ("range", "max_results_range")}
    return [Decimal(value) for value in prices.values() if isinstance(value, int | Decimal)]


@pytest.mark.parametrize(
    ("name", "figures", "implied", "unused"),
    [("litellm.json", 41, 4, 2), (MAPS[0], 6871, 265, 65), (MAPS[1], 15188, 1183, 138)],
)
def test_the_number_of_figures_is_known(name: str, figures: int, implied: int, unused: int) -> None:
    """`implied`: figures that LiteLLM derives from those in the file; `unused`: figures that set no price."""
    sheets = [record.prices for record in litellm.read(load(name)).records if record.prices]
    lines = [line for sheet in sheets for line in sheet.lines]
    derived = [line for line in lines if "implied_by" in line.facts]
    facts = sum(len(sheet.facts.get(UNUSED_FIGURES, ())) for sheet in sheets)
    spellings = sum(len(line.facts.get("also", ())) for line in lines)
    assert (len(lines) - len(derived) + facts + spellings, len(derived), facts) == (figures, implied, unused)


def test_a_real_price_list_is_exported_unchanged() -> None:
    content = real("crazyrouter/pricing_excerpt.json")
    rows = {row["model_name"]: row for row in read_json(content)["data"]}
    for record in new_api.read(content).records:
        figures = record.prices.lines if record.prices else ()
        amounts = {figure.meter: figure.amount for figure in figures if figure.amount is not None}
        row = rows[record.name]
        if "input" in amounts:
            base, output = amounts["input"], amounts["output"]
            assert base == multiply(plain(Decimal(row["model_ratio"])), Decimal(2))
            assert ratio(output, base) == row["completion_ratio"], record.name
        elif "request" in amounts and not record.prices.facts:  # type: ignore[union-attr]
            assert amounts["request"] == row["model_price"]
        assert amounts.get("", 1) == (row["discount"] if amounts else 1)


@pytest.mark.django_db
def test_the_whole_map_is_imported_and_a_second_import_writes_nothing(tmp_path: Path) -> None:
    content = real(MAPS[1])
    arguments = ("--apply", "--publish", "--channel", "main")
    first = run("litellm", content, tmp_path, *arguments)
    assert (first.code, first.report["counts"]["new"]) == (0, 4318)
    assert set(AIModel.objects.values_list("name", flat=True)) == read_json(content).keys() - set(litellm.NOT_MODELS)
    # Two rows of the file price a million tokens at more than $10,000, which is reported and not imported. One row
    # states only max_tokens. Four service tiers and the one-hour cache write have no price for long prompts. Two keys
    # are in DBU, and one has another figure than its usual spelling. Many rows state the window as the output limit.
    findings = [finding["finding"] for finding in first.report["findings"]]
    assert sum("has no price of its own for long prompts" in finding for finding in findings) == 5
    assert sum("sets no price" in finding for finding in findings) == 3
    assert sum("leaves no room for input" in finding for finding in findings) == 1
    assert len(findings) == 3 + 5 + 3 + 1
    assert PriceLine.objects.count() == 15021 + 1183 - 4
    before = state()
    assert run("litellm", content, tmp_path, *arguments).code == 0
    assert state() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("maps", "models", "missing"),
    [(["litellm.json", "newer/litellm.json"], 5, 7), (MAPS, 4318, 25)],
    ids=["sample", "real"],
)
def test_a_newer_map_is_imported_only_if_its_jumps_are_accepted(
    maps: list[str], models: int, missing: int, tmp_path: Path
) -> None:
    older, newer = map(load, maps)
    first = run("litellm", older, tmp_path, "--apply")
    assert first.code == 0
    accepted = ("--allow-removals",) if models < 100 else ()
    assert run("litellm", newer, tmp_path, "--apply", *accepted).code == 3
    done = run("litellm", newer, tmp_path, "--apply", "--accept-jumps", *accepted)
    assert (done.code, len(done.report["missing"])) == (0, missing)
    assert AIModel.objects.count() == models + missing
    if maps == MAPS:
        assert_the_counted_prices_changed(first, done)


def assert_the_counted_prices_changed(first: Outcome, newer: Outcome) -> None:
    moves = [move for model in newer.report["prices"]["changed"].values() for move in model.values()]
    changed = sum(old is not None and new is not None for old, new in moves)
    # Two prices each of nine models are new here: the older map has them a million times too high.
    refused = {
        model
        for finding in first.report["findings"]
        if "is more than $10000" in finding["finding"]
        for model in finding["models"]
    }
    mended = [name for name in newer.report["prices"]["new"] if name in refused]
    assert {name.partition("/")[0] for name in mended} == {"wandb"}
    # Ten prices changed that LiteLLM derives from others. Prices in two spellings are one price: the cached
    # input of two models changed its spelling with its amount, and that of one model has two equal ones.
    assert (changed, 2 * len(mended)) == (416 + 10 + 2 - 1, 18)


@pytest.mark.parametrize(
    ("maps", "new", "gone"), [(["litellm.json", "newer/litellm.json"], 1, 7), (MAPS, 1745, 23)], ids=["sample", "real"]
)
def test_the_number_of_new_and_dropped_priced_keys_is_known(maps: list[str], new: int, gone: int) -> None:
    older, newer = ({record.name for record in litellm.read(load(name)).records if record.prices} for name in maps)
    assert (len(newer - older), len(older - newer)) == (new, gone)
