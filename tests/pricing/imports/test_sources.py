"""Every source from its file to the price book: imported once, unchanged by a second import, priced at its bounds."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone

from catalog.models import AIModel, ModelAlias, Snapshot
from catalog.sources import SOURCES
from pricing.engine.conditions import all_hold
from pricing.models import PriceLine, PriceSheet
from tests.pricing.imports.running import run, state
from tests.samples import HERE, sample, sample_or_real

pytestmark = pytest.mark.django_db
SAMPLES = [path.stem for path in sorted(HERE.glob("*.json")) if path.stem in SOURCES]


def price(model: str, **facts: object) -> Decimal | None:
    """What a million tokens in cost a request with these facts: of the lines that hold, the last one counts."""
    now = timezone.now()
    sheet = PriceSheet.objects.in_force(at=now).get(model__name=model)
    lines = [line for line in sheet.lines.order_by("position") if line.meter == "input"]
    matching: list[PriceLine] = [line for line in lines if all_hold(line.conditions, facts, at=now)]
    amount = matching[-1].amount
    return None if amount is None else amount * 1_000_000 / matching[-1].per


@pytest.mark.parametrize("source", SAMPLES)
def test_a_second_import_of_each_source_writes_nothing(tmp_path: Path, source: str) -> None:
    arguments = ("--apply", "--publish", "--channel", "main")
    assert run(source, sample(f"{source}.json"), tmp_path, *arguments).code == 0
    before = state() | {"aliases": ModelAlias.objects.count()}
    again = run(source, sample(f"{source}.json"), tmp_path, *arguments)
    assert (again.code, state() | {"aliases": ModelAlias.objects.count()}) == (0, before)
    assert Snapshot.objects.get().content == sample(f"{source}.json")


@pytest.mark.parametrize(
    ("source", "model", "bound", "at_bound", "above"),
    [
        ("models_dev", "grok-sample", 200_000, 4, 4),
        ("models_dev", "claude-sample", 200_000, 3, 6),
        ("models_dev", "gpt-sample", 272_000, 6, 10),
        ("openrouter", "openai/gpt-sample", 272_000, 2, 2),
        ("genai_prices", "gpt-dated", 272_000, Decimal("0.2"), Decimal("0.2")),
        ("llm_prices", "claude-sample", 200_000, 3, 6),
        ("openai_models", "google/gemini-sample", 200_000, 2, 4),
    ],
)
def test_a_prompt_at_the_boundary_is_priced_as_the_source_defines_it(
    tmp_path: Path, source: str, model: str, bound: int, at_bound: Decimal, above: Decimal
) -> None:
    assert run(source, sample(f"{source}.json"), tmp_path, "--apply").code == 0
    if source == "openrouter":  # whatever the hour is
        PriceLine.objects.filter(conditions__icontains="utc").delete()
    assert (price(model, prompt_tokens=bound), price(model, prompt_tokens=bound + 1)) == (at_bound, above)


def test_an_alias_of_a_source_refers_to_its_model(tmp_path: Path) -> None:
    assert run("openrouter", sample("openrouter.json"), tmp_path, "--apply").code == 0
    assert ModelAlias.objects.get(name="~openai/gpt-latest").model.name == "openai/gpt-sample"


def test_a_mode_is_priced_by_the_requests_fields(tmp_path: Path) -> None:
    assert run("models_dev", sample("models_dev.json"), tmp_path, "--apply").code == 0
    assert price("gpt-sample", service_tier="priority", prompt_tokens=5) == Decimal("12.5")
    fast = {"body": {"speed": "fast"}, "headers": {"anthropic-beta": "fast-mode-2026-02-01"}}
    assert price("claude-sample", **fast) == Decimal(30)
    assert price("claude-sample") == Decimal(3)


@pytest.mark.parametrize(
    ("name", "model"), [("models_dev.json", "gpt-sample"), ("models.dev/api_2026-07-02.json", "gpt-5.5")]
)
def test_models_dev_is_imported_with_the_vendors_own_prices(tmp_path: Path, name: str, model: str) -> None:
    content = sample_or_real(name)
    done = run("models_dev", content, tmp_path, "--apply")
    assert done.code == 0
    assert price(model, prompt_tokens=5) == 5
    assert AIModel.objects.count() == done.report["counts"]["new"] < 400
    before = state()
    assert run("models_dev", content, tmp_path, "--apply").code == 0
    assert state() == before


@pytest.mark.parametrize(
    ("source", "name", "models"),
    [
        ("genai_prices", "genai_prices.json", 4),
        ("openrouter", "openrouter.json", 8),
        ("ratio_config", "ratio_config.json", 6),
        ("openai_models", "openai_models.json", 13),
        ("genai_prices", "genai-prices/data_v2_2026-08-21.json", 293),
        ("openrouter", "openrouter/models_2026-07-17.json", 342),
        ("llm_metadata", "basellm/models.json", 348),
        ("ratio_config", "basellm/ratio_config-v1-base.json", 276),
        ("openai_models", "openai_compat/groq_models_2026-01.json", 20),
    ],
)
def test_every_line_of_a_file_is_imported(tmp_path: Path, source: str, name: str, models: int) -> None:
    done = run(source, sample_or_real(name), tmp_path, "--apply")
    assert (done.code, AIModel.objects.count()) == (0, models)
    assert done.report["unmapped"] == {}


@pytest.mark.parametrize(
    ("lists", "moved"),
    [
        (["openrouter.json", "newer/openrouter.json"], 2),
        (["openrouter/models_2026-01-29.json", "openrouter/models_2026-07-17.json"], 51),
    ],
    ids=["sample", "real"],
)
def test_a_newer_list_of_openrouter_lists_its_changes(tmp_path: Path, lists: list[str], moved: int) -> None:
    older, newer = map(sample_or_real, lists)
    assert run("openrouter", older, tmp_path, "--apply").code == 0
    stopped = run("openrouter", newer, tmp_path, "--apply")
    assert stopped.code == 3
    assert any("are no longer in the source" in guard for guard in stopped.report["guards"])
    done = run("openrouter", newer, tmp_path, "--apply", "--allow-removals", "--accept-jumps")
    assert done.code == 0
    assert done.report["counts"]["changed_prices"] >= moved
