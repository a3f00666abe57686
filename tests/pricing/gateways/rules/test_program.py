"""Built-in tables are part of the package, and figures have the digits that the programs print."""

import tomllib
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path

import pytest

import pricing.newapi
from catalog.sources.completion_ratios import built_in
from pricing.gateways.rules.program import Program, ProgramPrice, double
from pricing.gateways.rules.programs import NEW_API_OF_APRIL, NEW_API_OF_AUGUST, ONE_API, VELOERA

PROGRAMS = (NEW_API_OF_APRIL, NEW_API_OF_AUGUST, VELOERA, ONE_API)


@pytest.mark.parametrize(
    ("program", "option", "name", "value"),
    [
        # Yuan in exact arithmetic, rounded once: 0.12 × 500 / 7.3, and 71 instead of 500 / 7 in one-api.
        (NEW_API_OF_APRIL, "ModelRatio", "ERNIE-4.0-8K", "8.219178082191782"),
        (VELOERA, "ModelRatio", "yi-large", "1.36986301369863"),
        (ONE_API, "ModelRatio", "ERNIE-4.0-8K", "8.52"),
        # 1 / 1000 × 500 is 0 in whole numbers.
        (NEW_API_OF_APRIL, "ModelRatio", "llama-3-sonar-large-32k-chat", "0"),
        (NEW_API_OF_APRIL, "ModelRatio", "deepseek-chat", "0.135"),
        (NEW_API_OF_APRIL, "AudioRatio", "gpt-4o-mini-audio-preview", "66.67"),
        (NEW_API_OF_AUGUST, "ImageRatio", "gpt-image-2", "1.6"),
        (NEW_API_OF_AUGUST, "GroupRatio", "plg", "0.9"),
        (ONE_API, "CompletionRatio", "llama3-70b-8192(33)", "1.320754716981132"),
        (ONE_API, "ModelRatio", "llama3-70b-8192(33)", "1.325"),
    ],
)
def test_a_table_has_the_numbers_that_the_program_computes(
    program: Program, option: str, name: str, value: str
) -> None:
    assert program.built_in(option)[name] == Decimal(value)


def test_later_versions_add_entries_to_earlier_ones() -> None:
    earlier, later = (program.built_in("ModelRatio") for program in (NEW_API_OF_APRIL, NEW_API_OF_AUGUST))
    assert earlier.items() < later.items()
    assert "gpt-5.6-terra" in later.keys() - earlier.keys()


def test_placeholders_are_known_with_the_completion_ratios_of_the_tables() -> None:
    for program in (NEW_API_OF_APRIL, NEW_API_OF_AUGUST, VELOERA):
        for name, ratio in program.built_in("CompletionRatio").items():
            assert ratio in built_in(name), name


def test_a_program_without_an_option_has_no_table() -> None:
    assert VELOERA.built_in("ImageRatio") == ONE_API.built_in("ModelPrice") == {}


@pytest.mark.parametrize(
    ("number", "digits"),
    [(Decimal("2.50"), "2.5"), (5, "5"), (Decimal("0.12345678901234567890"), "0.12345678901234568"), (1000, "1000")],
)
def test_a_stored_number_is_a_double(number: Decimal | int, digits: str) -> None:
    assert str(double(number)) == digits


@pytest.mark.parametrize("value", [None, "2", True, [], Decimal("1e999")])
def test_other_values_are_no_numbers(value: object) -> None:
    assert double(value) is None


def test_a_price_explains_its_figures() -> None:
    price = NEW_API_OF_APRIL.price_of("gpt-5-acme", {"ModelRatio": {"gpt-5-acme": Decimal("0.625")}})
    rule = "by new-api's fixed rule for names that begin with gpt-5"
    assert price.rules == {"completion_ratio": rule}
    assert price.figures["completion_ratio"].value == 8
    assert ProgramPrice().rules == {}


def test_an_installed_package_has_the_tables(pytestconfig: pytest.Config) -> None:
    settings = tomllib.loads((pytestconfig.rootpath / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = settings["package-data"][pricing.newapi.__name__]
    folder = Path(pricing.newapi.__file__).parent
    tables = [path.name for path in folder.iterdir() if path.suffix not in (".py", "") and path.is_file()]

    assert sorted(tables) == sorted({file for program in PROGRAMS for file in program.files})
    assert all(any(fnmatch(table, pattern) for pattern in patterns) for table in tables)
