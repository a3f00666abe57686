"""Every text of the OpenAPI document is translated, and no translation is left over."""

import gettext
import re
from ast import literal_eval
from functools import cache
from typing import Any

import pytest

from pricing.docs.contents import translated
from pricing.docs.translation import (
    DOMAIN,
    FOLDER,
    HEADING,
    NOUN,
    Message,
    heading,
    in_chinese,
    map_texts,
    message,
    messages_of,
)

SOURCE = FOLDER / f"zh_Hans/LC_MESSAGES/{DOMAIN}.po"
ENTRY = re.compile(r"^(?:msgctxt (?P<context>.+)\n)?msgid (?P<text>.+)\nmsgstr (?P<translated>.+)$", re.MULTILINE)
PLACEHOLDER = re.compile(r"%\(\w+\)s")
CODE = re.compile(r"`[^`]+`")


@cache
def texts() -> set[str]:
    found: set[str] = set()
    map_texts(translated("en"), found.add)
    return found


def source() -> dict[Message, str]:
    entries = {
        (literal_eval(entry["context"]) if entry["context"] else None, literal_eval(entry["text"])): literal_eval(
            entry["translated"]
        )
        for entry in ENTRY.finditer(SOURCE.read_text())
    }
    entries.pop((None, ""))
    return entries


def used() -> set[Message]:
    tags = {(HEADING, tag["name"]) for tag in translated("en")["tags"]}
    return tags | {needed for text in texts() for needed in messages_of(text)}


def test_every_text_of_the_document_is_translated() -> None:
    assert len(texts()) > 1000

    assert {entry for entry in used() if not message(entry[1], context=entry[0])} == set()
    assert source().keys() - used() == set(), "texts that the document has no more"


def test_no_text_stays_english() -> None:
    def has_chinese(text: Any) -> bool:
        return bool(re.search("[一-鿿]", text))

    unchanged = {text for text in texts() if text and not has_chinese(in_chinese(text))}

    # Names of standards and methods.
    assert unchanged == {"RFC 9745.", "RFC 8594.", "* `GET` - Get\n* `POST` - Post"}


def test_the_compiled_texts_are_those_of_the_source() -> None:
    with SOURCE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    for (context, text), chinese in source().items():
        assert (compiled.pgettext(context, text) if context else compiled.gettext(text)) == chinese, text


def test_no_translation_loses_a_blank_or_code() -> None:
    for (_, text), chinese in source().items():
        for pattern in (PLACEHOLDER, CODE):
            assert sorted(pattern.findall(text)) == sorted(pattern.findall(chinese)), text


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("List aliases", "列出模型别名"),
        ("Change an alias.", "修改模型别名。"),
        ("Only rows with this starts at.", "仅返回 `starts_at` 等于此值的记录。"),
        ("Price changes as an Atom feed. Open to everybody.", "价格变动的 Atom 订阅。对所有人开放。"),
        ("How the events are sent.\n\n* `mail` - Mail\n* `slack` - Slack",
         "事件的发送方式。\n\n* `mail` - 邮件\n* `slack` - Slack"),
        ("* `token` - token", "* `token` - token"),
        ("The key id of the token.", "令牌的密钥编号。"),
        ("Nobody has translated this.", "Nobody has translated this."),
    ],
)  # fmt: skip
def test_a_text_is_translated_sentence_by_sentence(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese


def test_words_in_blanks_and_names_of_tags_have_their_own_translations() -> None:
    assert (message("token", context=NOUN), message("token")) == ("令牌", "token")
    assert (heading("Tokens", "zh-hans"), heading("Tokens", "en")) == ("令牌", "Tokens")


def test_translating_changes_no_data() -> None:
    def without_texts(language: str) -> Any:
        return map_texts(translated(language), lambda _: "")

    assert without_texts("zh-hans") == without_texts("en")
