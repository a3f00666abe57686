"""The pinyin of Chinese names."""

import pytest

from catalog.search.pinyin import CHINESE, pinyin, syllable
from catalog.vendor_names import KNOWN_VENDORS, PLATFORMS


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("智谱", {"zhipu"}), ("阿里巴巴", {"alibaba", "albb"}), ("月之暗面", {"yuezhianmian", "yzam"}),
        ("豆包", {"doubao"}), ("字节跳动（豆包）", {"zijietiaodong", "zjtd", "doubao"}), ("通义-Max", {"tongyi"}),
        ("OpenAI", set()), ("の", set()), ("㐂", set()),
    ],
)  # fmt: skip
def test_chinese_parts_are_typed_in_pinyin(name: str, typed: set[str]) -> None:
    assert pinyin(name) == typed


def test_the_order_of_the_characters_gives_their_readings() -> None:
    """The first and the last of all, and those at both sides of a syllable's start."""
    assert [syllable(character) for character in "啊座铝峦略抡女暖虐挪"] == [
        "a", "zuo", "lv", "luan", "lve", "lun", "nv", "nuan", "nve", "nuo",
    ]  # fmt: skip


def test_every_name_of_a_known_vendor_can_be_typed() -> None:
    names = [*(alias for vendor in KNOWN_VENDORS for alias in vendor.aliases), *PLATFORMS]
    parts = [part for name in names for part in CHINESE.findall(name)]
    assert len(parts) > 100
    assert [part for part in parts if not pinyin(part)] == []
