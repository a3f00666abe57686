"""Completion ratios that the programs of new-api's family have built in; a stored ratio cannot change some of them."""

from decimal import Decimal

import pytest

from catalog.sources.completion_ratios import (
    NEW_API_LATER,
    NEW_API_OF_APRIL,
    NEW_API_OF_AUGUST,
    ONE_API,
    VELOERA,
    Rule,
    built_in,
    fixed,
    is_unset,
    new_api_name,
    rule_of,
)


@pytest.mark.parametrize(
    ("rules", "name", "ratio", "is_fixed"),
    [
        (NEW_API_OF_APRIL, "gpt-5-acme", "8", True),
        (NEW_API_OF_APRIL, "gpt-5.6-terra", "8", True),
        (NEW_API_OF_AUGUST, "gpt-5.6-terra", "6", True),
        (NEW_API_LATER, "gpt-5.6-terra", "6", False),
        (NEW_API_LATER, "gpt-5.1", "6", False),
        (NEW_API_LATER, "claude-opus-5", "5", True),
        (NEW_API_OF_AUGUST, "claude-opus-5", "1", False),
        (NEW_API_OF_AUGUST, "gpt-3.5-turbo", "2", False),
        (NEW_API_OF_AUGUST, "acme/claude-sonnet-4", "5", True),
        (NEW_API_OF_AUGUST, "gemini-2.5-flash-preview-04-17", "23.333333333333332", False),
        (NEW_API_OF_AUGUST, "gemini-2.5-flash", "8.333333333333334", False),
        (NEW_API_OF_AUGUST, "gpt-4-all", "2", False),
        (VELOERA, "gpt-4-all", "1", False),
        (VELOERA, "gpt-5", "1", False),
        (VELOERA, "gpt-4o-mini-tts", "4", True),
        (VELOERA, "DeepSeek-Chat", "4", True),
        (VELOERA, "claude-haiku-4-5", "1", False),
        (VELOERA, "gpt-3.5-turbo-16k", "1.3333333333333333", True),
        (ONE_API, "gpt-4-vision-preview", "3", False),
        (ONE_API, "acme-claude-3", "1", False),
        (ONE_API, "meta/llama-2-70b", "4.230769230769231", False),
    ],
)  # fmt: skip
def test_the_first_rule_that_fits_states_the_ratio(
    rules: tuple[Rule, ...], name: str, ratio: str, is_fixed: bool
) -> None:
    rule = rule_of(rules, name)
    assert (rule.value, rule.fixed) == (Decimal(ratio), is_fixed)


@pytest.mark.parametrize(
    ("name", "looked_up"),
    [
        ("gemini-2.5-flash-lite-preview-thinking-128", "gemini-2.5-flash-lite-thinking-*"),
        ("gemini-2.5-flash-preview-04-17-thinking-128", "gemini-2.5-flash-thinking-*"),
        ("gemini-2.5-pro-thinking-128", "gemini-2.5-pro-thinking-*"),
        ("gemini-2.5-pro-preview-thinking", "gemini-2.5-pro-preview-thinking"),
        ("gpt-4-gizmo-abc", "gpt-4-gizmo-*"),
        ("gpt-4o-gizmo-abc", "gpt-4o-gizmo-*"),
        ("my-gpt-4-gizmo-abc", "my-gpt-4-gizmo-abc"),
    ],
)
def test_new_api_looks_up_one_name_for_all_variants(name: str, looked_up: str) -> None:
    assert new_api_name(name) == looked_up


def test_a_name_has_the_ratios_of_all_versions() -> None:
    assert built_in("gpt-5.6-terra") == {1, 6, 8}
    # new-api stores 3 for it until its operator changes that.
    assert built_in("gpt-4o-gizmo-abc") == {1, 2, 3}
    assert built_in("gpt-image-1") == {1, 2, 8}
    assert built_in("acme-x") == {1}


def test_a_stored_ratio_has_no_effect_for_names_with_a_fixed_rule() -> None:
    assert fixed("gpt-5-acme") == {8}
    assert fixed("gpt-5.6-terra") == {6, 8}
    assert fixed("mistral-medium-2604") == {3}
    assert fixed("gpt-4o") == fixed("acme-x") == frozenset()
    assert fixed("acme/gpt-5") == fixed("acme/claude-sonnet-4") == frozenset()


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        (Rule("8", begins="gpt-5"), "names that begin with gpt-5"),
        (Rule("3", begins="gpt-", ends="gpt-4-1106"), "names that begin with gpt- and end with gpt-4-1106"),
        (Rule("5", contains="claude-3"), "names that contain claude-3"),
        (Rule("3", exact="command-r"), "the name command-r"),
        (Rule("1"), "all other names"),
    ],
)
def test_a_rule_describes_its_names(rule: Rule, names: str) -> None:
    assert rule.describe() == names


def name_of(rule: Rule) -> str:
    return rule.exact or f"{rule.begins}-{rule.contains}-{rule.ends}".strip("-")


@pytest.mark.parametrize("rules", [NEW_API_OF_APRIL, NEW_API_OF_AUGUST, NEW_API_LATER, VELOERA])
def test_37_5_with_the_ratio_of_any_rule_may_mean_no_price(rules: tuple[Rule, ...]) -> None:
    for rule in rules:
        name = name_of(rule)
        ratio = rule_of(rules, name).value
        for spelling in (name, f"acme/{name}"):
            assert is_unset(spelling, Decimal("37.5"), ratio), spelling
            assert not is_unset(spelling, Decimal("37.6"), ratio), spelling
        assert not is_unset(name, Decimal("37.5"), ratio + Decimal("0.125")), name


@pytest.mark.parametrize(
    ("name", "ratio"),
    [("gpt-5.6-terra", 6), ("gpt-5.6-terra", 8), ("gpt-image-2", 2), ("gpt-image-2", 6), ("acme-x", 1), ("a/b", 1)],
)
def test_placeholders_that_programs_published(name: str, ratio: int) -> None:
    assert is_unset(name, Decimal("37.5"), Decimal(ratio))
