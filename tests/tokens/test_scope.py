"""A scope is a frozen value: its patterns, its fingerprint, and patterns that backtracking takes too long for."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from tests.pace import growth
from tokens.scope import Scope, literal, validate_patterns


@dataclass(frozen=True)
class Named:
    """A model as a scope knows it."""

    name: str
    pk: int = 0
    context_length: int | None = None
    max_output_tokens: int | None = None

    def selectors(self) -> Mapping[str, Iterable[str]]:
        return {"vendor": ("openai",), "series": (), "tag": (), "endpoint": (), "modality": (), "capability": ()}


def permits(
    name: str, allow: tuple[str, ...] | None, deny: tuple[str, ...] = (), *, aliases: tuple[str, ...] = ()
) -> bool:
    return Scope(allow=allow, deny=deny).permits(Named(name), aliases)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*", "", True), ("*", "a/b:c", True), ("a*c", "abc", True), ("a*c", "ac", True), ("a*c", "acb", False),
        ("*b*", "abc", True), ("a*a", "a", False), ("ab*bc", "abc", False), ("ab*bc", "abbc", True), ("**", "x", True),
        ("*a*a*", "ba", False), ("*aab", "aaab", True), ("a*b*c", "aXbXbXc", True), ("a", "a\n", False),
        ("*", "a\nb", True),
    ],
)  # fmt: skip
def test_a_star_matches_any_characters(pattern: str, name: str, expected: bool) -> None:
    assert permits(name, (pattern,)) is expected


def test_deny_beats_allow() -> None:
    assert not permits("gpt-4o", ("gpt-4o",), ("gpt-*",))


def test_a_pattern_of_an_alias_names_the_model() -> None:
    assert permits("gpt-4o", ("nick",), aliases=("other", "nick"))
    assert permits("gpt-4o", ("n*k",), aliases=("nick",))
    assert not permits("gpt-4o", None, ("nick",), aliases=("nick",))
    assert not permits("gpt-4o", ("gpt-4o",), ("nick",), aliases=("nick",))
    assert not permits("gpt-4o", ("nick",), ("gpt-4o",), aliases=("nick",))
    assert not permits("gpt-4o", ("vendor:nick",), aliases=("nick",))


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("gpt-4o", "gpt-4o"), ("foo-*", "id:foo-*"), ("vendor:x", "id:vendor:x"), ("models:x", "id:models:x"),
     ("id:x", "id:id:x"), ("claude-x:5", "claude-x:5")],
)  # fmt: skip
def test_a_literal_pattern_matches_one_id_or_alias_and_nothing_else(name: str, pattern: str) -> None:
    assert literal(name) == pattern
    validate_patterns([pattern])
    assert permits(name, (pattern,))
    assert not permits(name, None, (pattern,))
    assert permits("gpt-4o", (pattern,), aliases=(name,))
    assert [other for other in ("foo-1", "x", "openai", f"{name}x") if permits(other, (pattern,))] == []
    assert Scope(allow=(pattern,)).exact_names == frozenset({name})
    assert Scope(allow=(pattern,)).asks_for_aliases


@pytest.mark.parametrize("pattern", ["id:", "id: x", "ids:x", "ID:x", "id :x"])
def test_a_literal_pattern_needs_an_id(pattern: str) -> None:
    with pytest.raises(ValidationError, match="matches nothing"):
        validate_patterns([pattern])


@pytest.mark.parametrize(
    ("allow", "deny", "expected"),
    [
        (None, (), False), ((), (), False), (("*", "**"), (), False),
        (("vendor:openai", "tag:*"), ("series:x",), False),
        (("gpt-4o",), (), True), (None, ("gpt-*",), True), (("claude-x:5",), (), True), (("series",), (), True),
    ],
)  # fmt: skip
def test_only_patterns_of_ids_need_aliases(
    allow: tuple[str, ...] | None, deny: tuple[str, ...], expected: bool
) -> None:
    assert Scope(allow=allow, deny=deny).asks_for_aliases is expected


@pytest.mark.parametrize(
    "pattern", ["Vendor:openai", "VENDOR:", "vendors:openai", "vendor :openai", "tags:new", "group:x", "channel:x"]
)
def test_a_misspelled_selector_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError) as error:
        validate_patterns(["gpt-*", pattern])

    known = "vendor:, series:, tag:, endpoint:, modality:, capability:, id:"
    sentence = f"{pattern} matches nothing. Use a model id, or one of {known} in lower case."
    assert error.value.messages == [sentence]


@pytest.mark.parametrize(
    "pattern", ["claude-x:5", "vendor/gpt:free", "series-2:free", "*:free", "vendor:openai", "Group", "models/x:1"]
)
def test_ids_may_have_colons(pattern: str) -> None:
    validate_patterns([pattern])


def test_no_allow_list_is_not_an_empty_one() -> None:
    assert permits("x", None)
    assert not permits("x", ())
    assert Scope(allow=None).fingerprint != Scope(allow=()).fingerprint


def test_the_fingerprint_tells_every_rule_apart() -> None:
    scopes = [
        Scope(), Scope(groups=(1,)), Scope(groups=(1, 2)), Scope(groups=(12,)), Scope(allow=("a",)), Scope(deny=("a",)),
        Scope(allow=("a", "b")), Scope(allow=("a,b",)), Scope(allow=('a","b',)), Scope(allow=("a",), deny=("a",)),
    ]  # fmt: skip

    assert len({scope.fingerprint for scope in scopes}) == len(scopes)
    assert Scope(groups=(1,)).fingerprint == Scope(groups=(1,)).fingerprint


NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("rules", "address", "codes"),
    [
        ({}, "", []), ({"is_enabled": False}, "", ["key_disabled"]),
        ({"expires_at": NOON}, "", ["key_expired"]), ({"expires_at": NOON + SECOND}, "", []),
        ({"starts_at": NOON}, "", []), ({"starts_at": NOON + SECOND}, "", ["key_not_yet_valid"]),
        ({"networks": ("10.0.0.0/8",)}, "10.255.0.1", []), ({"networks": ("10.0.0.0/8",)}, None, []),
        ({"networks": ("10.0.0.0/8",)}, "11.0.0.1", ["ip_not_allowed"]),
        ({"networks": ("10.0.0.0/8",)}, "", ["ip_not_allowed"]),
        ({"networks": ("nonsense",)}, "10.0.0.1", ["ip_not_allowed"]), ({"is_over_budget": True}, "", []),
        ({"is_enabled": False, "expires_at": NOON, "networks": ("::1",)}, "::2",
         ["key_disabled", "key_expired", "ip_not_allowed"]),
    ],
)  # fmt: skip
def test_a_key_is_refused_for_every_reason_in_order(rules: Any, address: str | None, codes: list[str]) -> None:
    assert list(Scope(**rules).refusals(at=NOON, address=address)) == codes


def test_keys_that_see_the_same_share_what_was_rendered() -> None:
    scope = Scope(groups=(1,), allow=("gpt-*",))
    of_key: list[dict[str, Any]] = [
        {"is_enabled": False}, {"starts_at": NOON}, {"expires_at": NOON}, {"networks": ("::1",)},
        {"is_over_budget": True},
    ]  # fmt: skip

    assert {replace(scope, **rules).fingerprint for rules in of_key} == {scope.fingerprint}


@pytest.mark.parametrize(
    ("allow", "words"),
    [
        (None, "all models of its groups (no allow list is set)"),
        ((), "no models (the allow list is empty)"),
        (("a",), "only models that match its allow list"),
    ],
)
def test_an_empty_allow_list_and_a_missing_one_differ_in_words(allow: tuple[str, ...] | None, words: str) -> None:
    assert Scope(allow=allow).sees == words


def test_the_time_of_a_pattern_grows_with_the_name_and_not_by_its_square() -> None:
    assert not permits("a" * 255, ("*a" * 40 + "*b",))

    assert growth(lambda length: permits("a" * length, ("*a" * 40 + "*b",)), 1000) < 12
