"""Real documents, if they are present: counted differences, and quotes at the boundaries of their prices."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from catalog.exact import read_json
from catalog.models import AIModel
from catalog.prices import Sheet
from catalog.sources import litellm, openrouter
from catalog.sources.records import Document
from pricing.engine.quoting import Use, quote
from pricing.published.prices import published_sheets
from tests.pricing.imports.running import run
from tests.samples import real, sample_or_real

NEWER = "litellm/model_prices_1.103.0.json"
NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def dollars(document: Document, model: str, tokens: int, at: dt.datetime = NOON) -> Decimal:
    """The price per token of this many input tokens at that moment."""
    prices = next(record.prices for record in document.records if record.name == model)
    assert prices is not None
    amount = quote(Sheet(prices.currency, prices.lines), {"input": Use(Decimal(tokens))}, {}, at=at).amount
    assert amount is not None
    return amount / tokens


@pytest.mark.parametrize(
    ("name", "model", "tokens", "expected"),
    [
        ("litellm.json", "xai/grok-sample", 199_999, "input_cost_per_token"),
        ("litellm.json", "xai/grok-sample", 200_000, "input_cost_per_token_above_200k_tokens"),
        ("litellm.json", "claude-sample-5", 200_000, "input_cost_per_token"),
        ("litellm.json", "claude-sample-5", 200_001, "input_cost_per_token_above_200k_tokens"),
        (NEWER, "xai/grok-3", 199_999, "input_cost_per_token"),
        (NEWER, "xai/grok-3", 200_000, "input_cost_per_token_above_200k_tokens"),
        (NEWER, "gemini/gemini-2.5-pro", 200_000, "input_cost_per_token"),
        (NEWER, "gemini/gemini-2.5-pro", 200_001, "input_cost_per_token_above_200k_tokens"),
    ],
)
def test_a_prompt_at_the_boundary_has_the_upper_price_at_xai_and_the_lower_elsewhere(
    name: str, model: str, tokens: int, expected: str
) -> None:
    content = sample_or_real(name)
    row = read_json(content)[model]
    assert row["input_cost_per_token"] != row["input_cost_per_token_above_200k_tokens"]
    assert dollars(litellm.read(content), model, tokens) == row[expected]


@pytest.mark.parametrize(
    ("name", "model", "tokens", "expected"),
    [
        ("openrouter.json", "openai/gpt-sample", 271_999, "0.000001"),
        ("openrouter.json", "openai/gpt-sample", 272_000, "0.000002"),
        ("openrouter/models_2026-07-17.json", "x-ai/grok-4.5", 199_999, "0.000002"),
        ("openrouter/models_2026-07-17.json", "x-ai/grok-4.5", 200_000, "0.000004"),
    ],
)
def test_an_override_of_openrouter_applies_from_its_boundary(name: str, model: str, tokens: int, expected: str) -> None:
    document = openrouter.read(sample_or_real(name))
    assert dollars(document, model, tokens) == Decimal(expected)


@pytest.mark.parametrize(
    ("name", "model", "day", "clock", "is_off_peak"),
    [
        (name, model, *rest)
        for name, model, end in (
            ("litellm.json", "deepseek/deepseek-sample", "10:00"),
            (NEWER, "deepseek/deepseek-v4-flash", "04:00"),
        )
        for rest in (
            (21, "02:00", True),  # a Saturday
            (23, "02:00", False),
            (23, "00:59", True),
            (23, "01:00", False),
            (23, "03:59", False),
            (23, end, True),
        )
    ],
)
def test_deepseek_is_cheaper_at_weekends_and_between_its_peaks(
    name: str, model: str, day: int, clock: str, is_off_peak: bool
) -> None:
    moment = dt.datetime.fromisoformat(f"2026-11-{day}T{clock}:00+00:00")
    expected = "0.00000015" if is_off_peak else "0.0000003"
    assert dollars(litellm.read(sample_or_real(name)), model, 1000, moment) == Decimal(expected)


@pytest.mark.django_db
def test_no_model_of_crazyrouter_with_rules_or_a_placeholder_looks_free(tmp_path: Path) -> None:
    content = real("crazyrouter/pricing_excerpt.json")
    assert run("new_api", content, tmp_path, "--apply", "--publish", "--channel", "c").code == 0
    rows = {row["model_name"]: row for row in read_json(content)["data"]}
    ruled = {name for name, row in rows.items() if row.get("image_pricing") or row.get("video_pricing")}
    placeholders = {name for name, row in rows.items() if row["model_ratio"] == Decimal("37.5")}
    assert (len(ruled), len(placeholders)) == (11, 1)
    models = list(AIModel.objects.all())
    published = published_sheets(models, at=NOON.replace(year=2030), groups=None)
    sheets = {model.name: published.get(model.pk) for model in models}
    for name in ruled:
        sheet = sheets[name]
        assert sheet is not None, name
        assert any(line.amount for line in sheet.lines), name
    assert {name for name in placeholders if sheets[name] is not None} == set()
