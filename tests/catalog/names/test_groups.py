"""The name of a group is any visible text."""

import unicodedata

import pytest

from catalog.names.groups import fault_of_group_name, looks_of_group_name, normal_group_name, storable_group_name


@pytest.mark.parametrize(
    "name",
    [
        "default", "VIP", "官转", "限时特价", "官转 OpenAI", "官转　特价", "claude官转-0.8", "充值/月卡", "1️⃣ 官转",
        "⚡️特价", "🔥🇨🇳特价", "👨‍💻开发", "a;b", "特价，含税", "50%", '"quoted"', "vip+svip|x=1",
        "Ünïcödé", "グループ", "x" * 64, "字" * 64,
    ],
)  # fmt: skip
def test_visible_text_is_a_name(name: str) -> None:
    assert fault_of_group_name(normal_group_name(name)) == ""
    assert storable_group_name(name) == normal_group_name(name)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "must start with a character that people can see"),
        (" ", "must start with a character that people can see"),
        ("\u200b", "must start with a character that people can see"),
        ("\u3164", "must start with a character that people can see"),
        ("\u0301x", "must start with a character that people can see"),
        ("官转,特价", "Remove the comma"),
        (" 官转", "Remove the space"),
        ("官转\u3000", "Remove the space"),
        ("官\n转", "U+000A"),
        ("官\t转", "U+0009"),
        ("官\x00转", "U+0000"),
        ("官\u200b转", "U+200B"),
        ("官转\ufeff", "U+FEFF"),
        ("\u202e转官", "U+202E"),
        ("vip\u2066", "U+2066"),
        ("vip\xad", "U+00AD"),
        ("vip\ufe0f", "U+FE0F"),
        ("a\u200db", "U+200D"),
        ("官\xa0转", "U+00A0"),
        ("官\u2028转", "U+2028"),
        ("\ue000", "must start with a character that people can see"),
        ("官\ud800", "U+D800"),
        ("字" * 65, "at most 64 characters"),
    ],
)
def test_other_texts_are_refused_with_a_reason_and_get_another_name(name: str, problem: str) -> None:
    assert problem in fault_of_group_name(name)
    assert fault_of_group_name(storable_group_name(name)) == ""
    assert storable_group_name(name) == storable_group_name(name) != name


def test_a_derived_name_is_readable_and_differs_from_that_of_another_text() -> None:
    derived = {storable_group_name(name) for name in ("官转", "官转 ", " 官转", "官转\u200b", "官,转")}

    assert len(derived) == 5
    assert all(name.startswith("官转") for name in derived)


def test_a_name_is_composed() -> None:
    assert storable_group_name(unicodedata.normalize("NFD", "Première")) == "Première"


def test_names_that_people_confuse_look_the_same() -> None:
    assert len({looks_of_group_name(name) for name in ("VIP", "vip", "ＶＩＰ")}) == 1
    assert looks_of_group_name("⚡️特价") == looks_of_group_name("⚡特价")
    assert looks_of_group_name("官转") != looks_of_group_name("官轉")
