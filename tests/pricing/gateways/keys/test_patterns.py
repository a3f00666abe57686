"""Lists of allowed and blocked models of a gateway become patterns that match the same calls."""

import pytest

from catalog.sources.completion_ratios import new_api_name
from pricing.gateways.keys.patterns import allow_patterns, deny_patterns
from tests.tokens.test_scope import permits

NAMES = (
    "gpt-4o", "gpt-4-gizmo-*", "gpt-4-gizmo-abc", "gemini-2.5-pro-thinking-128", "gemini-2.5-pro-exp-thinking-8",
    "gemini-2.5-flash-thinking-1", "gemini-2.5-flash-x-thinking-2", "gemini-2.5-flash-lite-thinking-3", "vendor:openai",
    "foo-*", "foo-1", "models:x",
)  # fmt: skip
LISTS: tuple[list[str], ...] = (
    ["gpt-4o"], ["gpt-4-gizmo-*"], ["gpt-4-gizmo-abc"], ["gemini-2.5-pro-thinking-*"], ["gemini-2.5-flash-thinking-*"],
    ["gemini-2.5-flash-lite-thinking-*"], ["vendor:openai"], ["foo-*"], ["models:x"], ["*"], [],
)  # fmt: skip


@pytest.mark.parametrize("entries", LISTS, ids=str)
def test_the_patterns_allow_and_deny_the_calls_that_the_gateway_does(entries: list[str]) -> None:
    allow, _ = allow_patterns(entries, new_api_name, NAMES)
    deny, _ = deny_patterns(entries, new_api_name, NAMES)

    matched = {name for name in NAMES if new_api_name(name) in entries}
    assert {name for name in NAMES if permits(name, tuple(allow))} == matched
    assert {name for name in NAMES if not permits(name, None, tuple(deny))} == matched


@pytest.mark.parametrize("entry", ["gpt-4-gizmo-abc", "gemini-2.5-pro-thinking-128"])
def test_a_name_that_is_never_looked_up_is_left_out_and_reported(entry: str) -> None:
    assert allow_patterns([entry, "gpt-4o"], new_api_name, NAMES) == (["gpt-4o"], True)
    assert deny_patterns([entry, "gpt-4o"], new_api_name, NAMES) == (["gpt-4o"], True)
    assert allow_patterns([entry], str, NAMES) == ([entry], False)


def test_an_entry_of_a_block_list_with_a_space_blocks_nothing() -> None:
    assert deny_patterns([" gpt-4o", "foo-1"], new_api_name, NAMES) == (["foo-1"], True)
