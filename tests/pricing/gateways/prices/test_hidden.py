"""Models that a gateway hides from its price list."""

import pytest

from pricing.gateways.prices.hidden import is_hidden


@pytest.mark.parametrize(
    ("patterns", "hidden"),
    [
        ("gpt-4o", ["gpt-4o"]),
        ("GPT-*", ["gpt-4o", "gpt-5-Internal"]),
        ("*-internal", ["gpt-5-Internal"]),
        (" *pt-4* ,, claude", ["gpt-4o", "claude"]),
        ("*", ["gpt-4o", "gpt-5-Internal", "claude"]),
        ("gpt*o", []),
        ("other\nclaude", ["claude"]),
        ("", []),
    ],
)
def test_a_pattern_fits_in_any_case(patterns: str, hidden: list[str]) -> None:
    options = {"pricing_visibility_setting.hidden_models": patterns}
    assert [name for name in ("gpt-4o", "gpt-5-Internal", "claude") if is_hidden(name, options)] == hidden
