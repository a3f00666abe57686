"""The rules of each program give the prices that the program itself computes or lists.

`gateway_rules.json` has what the programs' own code gives for many names, without saved options and with `options`:
program -> default or saved -> name -> its figures. Figures that are not there are 1, and create_cache_ratio is 1.25. A
name without model_ratio and model_price has no price, and the completion_ratio of its placeholder. `(33)` marks figures
on channels of type 33 that differ from those on type 1.
"""

import gzip
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.exact import InexactError, read_json
from pricing.gateways.rules.program import Program, ProgramPrice
from pricing.gateways.rules.programs import NEW_API_OF_APRIL, NEW_API_OF_AUGUST, ONE_API, VELOERA

FILES = Path(__file__).parent / "files"
RECORDED = FILES / "gateways"
COMPUTED = read_json((FILES / "gateway_rules.json").read_bytes())
PROGRAMS = (NEW_API_OF_APRIL, NEW_API_OF_AUGUST, VELOERA, ONE_API)
FIELDS = (
    "model_ratio", "completion_ratio", "model_price", "cache_ratio", "create_cache_ratio", "image_ratio", "audio_ratio",
    "audio_completion_ratio",
)  # fmt: skip
USUAL = {"create_cache_ratio": Decimal("1.25")} | dict.fromkeys(
    ("cache_ratio", "image_ratio", "audio_ratio", "audio_completion_ratio"), Decimal(1)
)
Figures = Mapping[str, Decimal | int]


@pytest.mark.parametrize("settings", ["default", "saved"])
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: f"{program.name} {program.version}")
def test_every_price_is_what_the_program_computes(program: Program, settings: str) -> None:
    options = COMPUTED["options"] if settings == "saved" else {}
    expected = COMPUTED[f"{program.name} of {program.version}"][settings]

    assert len(expected) > 150
    assert {name: computed(program, name, options) for name in expected} == expected


def computed(program: Program, name: str, options: dict[str, Any]) -> Figures:
    if program is ONE_API:
        here, there = (values(program.price_of(name, options, channel_type)) for channel_type in (1, 33))
        return {**here, **{f"{field}(33)": value for field, value in there.items() if value != here[field]}}
    price = program.price_of(name, {**options, "SelfUseModeEnabled": True})
    figures = dict(values(price))
    if not program.price_of(name, options).figures:
        del figures["model_ratio"]
    if program is VELOERA:
        # Audio has ratios of its own there, which its own test has.
        figures = {field: value for field, value in figures.items() if not field.startswith("audio")}
    return {field: value for field, value in figures.items() if USUAL.get(field) != value}


def values(price: ProgramPrice) -> Figures:
    return {field: figure.value for field, figure in (*price.figures.items(), *price.unlisted.items())}


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


def listed(name: str, options: dict[str, Any]) -> Figures:
    """The numbers that the program lists: it writes a number that does not apply as 0, and no price as 37.5."""
    price = NEW_API_OF_APRIL.price_of(name, options)
    figures: Figures = {field: figure.value for field, figure in price.figures.items()}
    if not figures:
        assert name == "acme-unpriced"
        figures = {"model_ratio": Decimal("37.5"), "completion_ratio": 1}
    return {"model_ratio": 0, "completion_ratio": 0, "model_price": 0, **figures}
