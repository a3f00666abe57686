"""The rules of each program give the prices that the program itself computes or lists.

`gateway_rules.json` has what the programs' own code gives for many names, without saved options and with `options`:
program -> default or saved -> name -> its figures. Figures that are not there are 1, and create_cache_ratio is 1.25. A
name without model_ratio and model_price has no price, and the completion_ratio of its placeholder. `(33)` marks figures
on channels of type 33 that differ from those on type 1.
"""

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
from tests.cases import recorded

COMPUTED = read_json((recorded.FILES.parent / "gateway_rules.json").read_bytes())
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


@pytest.mark.parametrize(
    ("gateway", "program", "count"),
    [
        ("new_api", NEW_API_OF_APRIL, 43),
        ("new_api_august", NEW_API_OF_AUGUST, 46),
        ("new_api_default", NEW_API_OF_AUGUST, 308),
        ("veloera", VELOERA, 53),
    ],
)
def test_every_listed_price_is_that_of_the_rules(gateway: str, program: Program, count: int, tmp_path: Path) -> None:
    rows = recorded.answers(gateway, read=read_json)["/api/pricing"]["data"]
    with closing(sqlite3.connect(recorded.database(gateway, tmp_path))) as database:
        options, prefixes = stored_options(database), stored_prefixes(database)

    expected = {row["model_name"]: numbers(row) for row in rows}
    assert len(expected) == count
    assert {name: listed(program, bare_name(name, prefixes), options) for name in expected} == expected


def stored_options(database: sqlite3.Connection) -> dict[str, Any]:
    parsed = {}
    for key, value in database.execute("SELECT key, value FROM options"):
        try:
            parsed[key] = read_json(value)
        except InexactError:
            parsed[key] = value
    return parsed


def stored_prefixes(database: sqlite3.Connection) -> list[str]:
    """Veloera's channels can have a prefix for the names of their models, which has no effect on prices."""
    columns = {column for _, column, *_ in database.execute("PRAGMA table_info(channels)")}
    if "model_prefix" not in columns:
        return []
    return [prefix for (prefix,) in database.execute("SELECT model_prefix FROM channels") if prefix]


def bare_name(name: str, prefixes: list[str]) -> str:
    return next((name.removeprefix(prefix) for prefix in prefixes if name.startswith(prefix)), name)


def numbers(row: Mapping[str, Any]) -> Figures:
    """The numbers of a row that are charged: ratios beside a price per call are not."""
    fields = FIELDS[:3] if row["quota_type"] == 1 or row["model_price"] else FIELDS
    return {field: row[field] for field in fields if field in row}


def listed(program: Program, name: str, options: dict[str, Any]) -> Figures:
    """The numbers that the program lists: it writes a number that does not apply as 0, and no price as 37.5."""
    price = program.price_of(name, options)
    if not price.figures:
        # In self-use mode, the placeholder is the price.
        price = program.price_of(name, {**options, "SelfUseModeEnabled": True})
    figures = {field: figure.value for field, figure in price.figures.items()}
    if program is VELOERA:
        figures.pop("cache_ratio", None)
    return {"model_ratio": 0, "completion_ratio": 0, "model_price": 0, **figures}
