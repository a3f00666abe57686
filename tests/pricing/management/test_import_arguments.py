"""Invalid arguments are bad input, and do not look like a pending plan."""

from collections.abc import Iterator

import pytest

from tests.config.commands import Commands, commands
from tests.config.installation import Installation


@pytest.fixture(scope="module")
def manage() -> Iterator[Commands]:
    with commands(Installation("sqlite://:memory:").environment) as running:
        yield running


@pytest.mark.parametrize(
    "arguments",
    [
        ["import_catalog", "litellm"],
        ["import_catalog", "litellm", "--file", "x", "--as", "gift"],
        ["import_catalog", "--odd"],
        ["import_gateway"],
        ["import_gateway", "--sqlite", "x", "--dsn", "y"],
    ],
    ids=" ".join,
)
def test_invalid_arguments_exit_with_4(arguments: list[str], manage: Commands) -> None:
    code, _, errors = manage.run(*arguments)

    assert code == 4
    assert "error:" in errors
