"""The rules of new-api give the prices that the running program lists for a recorded database."""

import gzip
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.exact import InexactError, read_json
from pricing.gateways.rules.programs import NEW_API_OF_APRIL

RECORDED = Path(__file__).parent / "files" / "gateways"
FIELDS = (
    "model_ratio", "completion_ratio", "model_price", "cache_ratio", "create_cache_ratio", "image_ratio", "audio_ratio",
    "audio_completion_ratio",
)  # fmt: skip


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("gateway") / "new_api.db"
    file.write_bytes(gzip.decompress((RECORDED / "new_api.db.gz").read_bytes()))
    parsed = {}
    with closing(sqlite3.connect(file)) as database:
        for key, value in database.execute("SELECT key, value FROM options"):
            try:
                parsed[key] = read_json(value)
            except InexactError:
                parsed[key] = value
    return parsed


def test_every_listed_price_is_that_of_the_rules(options: dict[str, Any]) -> None:
    rows = read_json((RECORDED / "new_api.json").read_bytes())["/api/pricing"]["data"]
    expected = {row["model_name"]: {name: row[name] for name in FIELDS if name in row} for row in rows}

    assert len(expected) == 43
    assert {name: listed(name, options) for name in expected} == expected


def listed(name: str, options: dict[str, Any]) -> dict[str, Decimal | int]:
    """The numbers that the program lists: it writes a number that does not apply as 0, and no price as 37.5."""
    price = NEW_API_OF_APRIL.price_of(name, options)
    figures: dict[str, Decimal | int] = {field: figure.value for field, figure in price.figures.items()}
    if not figures:
        assert name == "acme-unpriced"
        figures = {"model_ratio": Decimal("37.5"), "completion_ratio": 1}
    return {"model_ratio": 0, "completion_ratio": 0, "model_price": 0, **figures}
