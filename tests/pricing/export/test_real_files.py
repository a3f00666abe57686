"""Everything that a source can import can be exported, in every format."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command

from catalog.models import AIModel
from catalog.sources import SOURCES
from pricing.export.formats import FORMATS
from tests.pricing.imports.running import run
from tests.samples import HERE, REAL, some_rows

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
    for name in FORMATS:
        out = io.StringIO()
        call_command("export_catalog", name, stdout=out)
        assert out.getvalue(), name
