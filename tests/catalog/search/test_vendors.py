"""The spellings of a vendor that find its models."""

import pytest

from catalog.search.vendors import author, meant_vendor, spellings_of


@pytest.mark.parametrize(
    ("vendor", "spellings"),
    [
        (("kuaishou", "Kuaishou", ""), {"kuaishou", "快手-可灵", "快手"}),
        (("other", "Other"), {"other", "其他"}),
        (("zhipu", "Zhipu AI"), {"zhipu", "zhipu-ai", "智谱", "z-ai", "thudm"}),
        (("alibaba", "Alibaba"), {"alibaba", "阿里", "通义千问", "百炼"}),
        # The operator's own names, and a vendor that is only known by one of them.
        (("cloud-a", "云厂", "甲"), {"cloud-a", "云厂", "甲"}),
        (("yue", "月之暗面"), {"yue", "月之暗面", "moonshot", "moonshotai"}),
        (("vendor-9", "ACME", "智谱清言"), {"vendor-9", "acme", "智谱", "zhipu"}),
    ],
)  # fmt: skip
def test_a_vendor_has_its_names_and_those_of_the_known_vendor(vendor: tuple[str, ...], spellings: set[str]) -> None:
    assert spellings_of(*vendor) >= spellings


@pytest.mark.parametrize(
    ("vendor", "families"),
    [
        (("google", "Google", "gemini"), {"gemini"}), (("alibaba", "Alibaba", "qwen"), {"qwen", "wan"}),
        (("amazon", "Amazon"), {"amazon-nova", "nova"}), (("01-ai", "01.AI"), {"yi"}),
        (("meta", "Meta"), {"meta-llama"}),
    ],
)  # fmt: skip
def test_model_families_are_no_spellings(vendor: tuple[str, ...], families: set[str]) -> None:
    assert not spellings_of(*vendor) & families


def test_a_vendor_that_is_named_like_a_family_has_its_own_name() -> None:
    assert {"qwen", "alibaba"} <= spellings_of("qwen", "Qwen")


def test_other_words_around_a_vendor_do_not_hide_it() -> None:
    assert (meant_vendor("智谱官方"), meant_vendor("抖音豆包"), meant_vendor("随便")) == ("zhipu", "bytedance", "")


def test_segments_of_ids_name_their_author() -> None:
    assert (author("meta-llama"), author("Z-AI"), author("nobody")) == ("meta", "zhipu", "")
