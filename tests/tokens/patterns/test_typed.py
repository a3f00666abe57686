"""Patterns are read as people type them, also with a Chinese keyboard."""

import pytest

from tokens.patterns.faults import fault_of
from tokens.patterns.typed import fold_pattern, split_patterns


@pytest.mark.parametrize(
    ("typed", "patterns"),
    [
        ("gpt-*，claude-*", ["gpt-*", "claude-*"]),
        ("ｇｐｔ－＊；vendor：openai", ["gpt-*", "vendor:openai"]),
        ("ｖｅｎｄｏｒ：ｏｐｅｎａｉ、tag： 新（A）", ["vendor:openai", "tag:新（A）"]),
        ("price：input＜＝5，ｆｒｅｅ，context＞=200000", ["price:input<=5", "free", "context>=200000"]),
        ("ds-r1（满血）、官转：gpt-4o", ["ds-r1（满血）", "官转：gpt-4o"]),
        ("id：ＧＰＴ＊, id:ｘ", ["id:ＧＰＴ＊", "id:ｘ"]),
        ('"id:a;b", c', ["id:a;b", "c"]),
    ],
)
def test_lists_are_split_and_folded(typed: str, patterns: list[str]) -> None:
    assert split_patterns([typed]) == patterns
    assert not any(map(fault_of, patterns))
    assert [fold_pattern(pattern) for pattern in patterns] == patterns


@pytest.mark.parametrize("pattern", ["gpt-*，claude-*", "gpt-*,o3", "a;b", "tag:x、y", "gpt-*\nclaude-*"])
def test_a_pattern_with_a_separator_is_refused(pattern: str) -> None:
    assert "Separate patterns by commas" in fault_of(pattern)
    assert fault_of(f"id:{pattern}") == ""


def test_a_misspelled_selector_with_a_chinese_colon_is_refused() -> None:
    assert "matches nothing" in fault_of(*split_patterns(["Vendors：openai"]))
