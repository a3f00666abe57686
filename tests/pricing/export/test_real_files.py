"""Everything that a source can import can be exported, in every format; its CSV imported again changes nothing."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command

from catalog.models import AIModel
from catalog.sources import SOURCES
from pricing.export.formats import FORMATS
from pricing.models import PriceLine, PriceSheet
from tests.pricing.imports.running import run
from tests.samples import HERE, REAL, real, some_rows

pytestmark = pytest.mark.django_db

# Source -> where its real files lie, where this machine has them.
PLACES = {
    "genai_prices": "genai-prices/data*[0-9].json",
    "litellm": "litellm/model_prices*.json",
    "llm_metadata": "basellm/models.json",
    "llm_prices": "llm-prices/*.json",
    "models_dev": "models.dev/api*.json",
    "new_api": "crazyrouter/*.json",
    "openai_models": "openai_compat/groq*.json",
    "openrouter": "openrouter/*.json",
    "ratio_config": "basellm/ratio_config*.json",
}
SAMPLES = [(path.stem, path) for path in sorted(HERE.iterdir()) if path.stem in SOURCES]
FILES = [*SAMPLES, *((source, path) for source, place in PLACES.items() for path in sorted(REAL.glob(place)))]


@pytest.mark.parametrize(("source", "path"), FILES, ids=[f"{source}-{path.stem}" for source, path in FILES])
def test_all_formats_export_a_real_file(source: str, path: Path, tmp_path: Path) -> None:
    content = some_rows(path.read_bytes()) if source == "litellm" else path
    outcome = run(source, content, tmp_path, "--apply", "--publish", "--channel", "main")
    assert outcome.code == 0, outcome.err
    assert AIModel.objects.exists()
    csv = {name: export(name) for name in FORMATS}["csv"]

    # What visitors see of a gateway's own list has its groups' rate in it, which no import of prices takes out again.
    if source != "new_api":
        assert_it_is_imported_unchanged(csv, tmp_path)


def test_the_csv_of_a_whole_map_is_imported_unchanged(tmp_path: Path) -> None:
    content = real("litellm/model_prices_1.103.0.json")
    assert run("litellm", content, tmp_path, "--apply", "--publish", "--channel", "main").code == 0

    assert_it_is_imported_unchanged(export("csv"), tmp_path)


def export(name: str) -> str:
    out = io.StringIO()
    call_command("export_catalog", name, stdout=out)
    assert out.getvalue(), name
    return out.getvalue()


def assert_it_is_imported_unchanged(csv: str, folder: Path) -> None:
    role, before = PriceSheet.objects.values_list("role", flat=True).first() or "list", PriceLine.objects.count()
    again = run("csv", csv, folder, "--apply", "--as", role)
    assert (again.code, again.report["prices"]["changed"], again.report["new"]) == (0, {}, [])
    assert PriceLine.objects.count() == before
