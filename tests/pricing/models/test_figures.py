"""The prices of an imported map are published digit for digit."""

import datetime as dt
from pathlib import Path

import pytest

from catalog.exact import digits, read_json
from catalog.models import AIModel
from pricing.published.prices import published_sheets
from tests.pricing.imports.running import run
from tests.pricing.imports.test_corpus import figures_of, flat_prices
from tests.samples import sample_or_real

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


@pytest.mark.parametrize("name", ["litellm.json", "litellm/model_prices_1.103.0.json"])
def test_every_price_is_published_with_all_digits(name: str, tmp_path: Path) -> None:
    content = sample_or_real(name)
    outcome = run("litellm", content, tmp_path, "--apply", "--publish", "--channel", "c")
    assert outcome.code == 0
    rejected = {
        model
        for finding in outcome.report["findings"]
        if "was not imported" in finding["finding"]
        for model in finding["models"]
    }
    raw = read_json(content)
    models = list(AIModel.objects.all())
    sheets = published_sheets(models, at=dt.datetime.now(tz=dt.UTC), groups=None)
    count = 0
    for model in models:
        figures = figures_of(sheets[model.pk]) if model.pk in sheets else {}
        prices = {key: digits(amount) for key, amount in figures.items() if amount is not None}
        if model.name not in rejected:
            assert prices == {key: digits(value) for key, value in flat_prices(raw[model.name]).items()}, model.name
            count += len(prices)
    assert count > (13_000 if "/" in name else 20)
