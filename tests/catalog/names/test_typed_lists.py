"""Lists of names are read as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.names.typed_lists import fold_width, split_all, split_names, write_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("gpt-*,claude-*", ["gpt-*", "claude-*"]),
        ("gpt-*，claude-*", ["gpt-*", "claude-*"]),
        ("gpt-*、claude-*；o3;o4\ngemini-*\r\nqwen", ["gpt-*", "claude-*", "o3", "o4", "gemini-*", "qwen"]),
        ("gpt-*\u2028claude-*", ["gpt-*", "claude-*"]),
        ("工具､长文﹐新", ["工具", "长文", "新"]),
        ("ｇｐｔ－＊，ｏ３", ["gpt-*", "o3"]),
        ("ＧＰＴ－４．１／ｍｉｎｉ", ["GPT-4.1/mini"]),
        ("　gpt-4o　,, ,，gpt-4o", ["gpt-4o"]),
        ("１２８Ｋ，工具　调用", ["128K", "工具 调用"]),
        ("限时（７折），新！", ["限时（7折）", "新！"]),
        ('"a;b", c', ["a;b", "c"]),
        ('"ＧＰＴ"，"say ""hi"", twice"', ["ＧＰＴ", 'say "hi", twice']),
        ('5" screen, x', ['5" screen', "x"]),
        ("", []),
        (" ，；\n", []),
    ],
)
def test_names_are_split_and_have_ordinary_width(text: str, names: list[str]) -> None:
    assert split_names(text) == names


def test_repeated_options_are_one_list() -> None:
    assert split_all(["gpt-*,o3", "o3；claude-*"]) == ["gpt-*", "o3", "claude-*"]


def test_text_without_full_width_letters_stays_the_same() -> None:
    text = "描述：支持图片、音频（中文）。Really!"
    assert fold_width(text) == text


@given(st.lists(st.text(min_size=1).filter(str.strip), unique=True))
def test_a_written_list_is_read_as_the_same_names(names: list[str]) -> None:
    assert split_names(write_names(names)) == names


def test_an_ordinary_list_is_written_without_quotation_marks() -> None:
    assert write_names(["gpt-*", "vendor:openai", "限时（7折）"]) == "gpt-*, vendor:openai, 限时（7折）"
