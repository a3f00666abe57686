"""Which program wrote a database is visible in its columns."""

import pytest

from pricing.gateways.rules.program import Program
from pricing.gateways.rules.programs import (
    NEW_API_OF_APRIL,
    NEW_API_OF_AUGUST,
    ONE_API,
    VELOERA,
    program_of,
)


@pytest.mark.parametrize(
    ("tables", "program"),
    [
        ({"tokens": {"key", "models", "subnet"}, "channels": {"models"}}, ONE_API),
        ({"tokens": {"model_limits"}, "channels": {"models", "model_prefix"}}, VELOERA),
        ({"tokens": {"model_limits"}, "channels": {"models", "channel_info"}}, NEW_API_OF_APRIL),
        ({"tokens": {"model_limits", "model_blacklist_enabled"}, "channels": {"models"}}, NEW_API_OF_AUGUST),
        ({"tokens": {"model_limits"}, "channels": {"models"}, "perf_metrics": {"id"}}, NEW_API_OF_AUGUST),
        ({"tokens": {"setting", "backup_group"}, "channels": {"plugin"}, "prices": {"model"}}, None),
    ],
)
def test_columns_tell_the_program(tables: dict[str, set[str]], program: Program | None) -> None:
    assert program_of(lambda table: tables.get(table, set())) == program
