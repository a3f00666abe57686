"""The texts of the OpenAPI document in Chinese, sentence by sentence.

makemessages does not find texts that are made from models and resources, so they have a file of their own:
pricing/locale/zh_Hans/LC_MESSAGES/openapi.po. A sentence is stored without its full stop.
"""

import gettext
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pricing
from catalog.caches import process_cache

DOMAIN = "openapi"
FOLDER = Path(pricing.__file__).with_name("locale")
# The texts of resources, with blanks: a field, or a noun in the singular or plural.
TEMPLATES = (
    "List %(many)s",
    "Create or change up to 1,000 %(many)s, all or none",
    "Create a %(one)s",
    "Read a %(one)s",
    "Change a %(one)s",
    "Delete a %(one)s",
    "Only rows with this %(field)s",
    "Only rows whose %(field)s contains this text; case does not matter",
    "Only rows whose %(field)s is above this",
    "Only rows whose %(field)s is below this",
    "Only rows whose %(field)s is this or above",
    "Only rows whose %(field)s is this or below",
    "true: only rows without %(field)s; false: only rows with one",
    "The name of the %(one)s",
    "The slug of the %(one)s",
    "The id of the %(one)s",
    "The key id of the %(one)s",
    "The rule of the %(one)s",
    "The model of the %(one)s",
)
# The contexts of the words in blanks, since the unit "token" is another word than the token of a customer, and of the
# names of tags.
NOUN, HEADING = "noun", "heading"
BLANK = re.compile(r"%\((\w+)\)s")
SENTENCE_END = re.compile(r"(?<=[.?])(?<!e\.g\.) (?=[A-Z`“])")
CHOICE = re.compile(r"\* `(?P<value>[^`]*)` - (?P<label>.*)")
TEXTS = frozenset({"summary", "description"})
# Parts of the document in which these names belong to data.
DATA = frozenset({"examples", "example", "default", "const", "enum", "x-codeSamples"})
# A message of the file: its context, or none, and its text.
Message = tuple[str | None, str]


def _pattern_of(template: str) -> re.Pattern[str]:
    """What a template matches: `a %(one)s` also matches "an alias"."""
    pattern = BLANK.sub(r"(?P<\1>.+)", re.sub(r"[.*+?|\[\]{}]", r"\\\g<0>", template))
    return re.compile(pattern.replace(" a (", " an? ("))


PATTERNS: Mapping[str, re.Pattern[str]] = {template: _pattern_of(template) for template in TEMPLATES}


def translate_document(whole: Any, language: str) -> Any:
    """The document in this language; its own language is English."""
    return map_texts(whole, in_chinese) if language.startswith("zh") else whole


def map_texts(part: Any, change: Callable[[str], Any]) -> Any:
    """A copy of the document with its summaries and descriptions changed."""
    if isinstance(part, list):
        return [map_texts(entry, change) for entry in part]
    if not isinstance(part, dict):
        return part
    return {
        name: change(value)
        if name in TEXTS and isinstance(value, str)
        else (value if name in DATA else map_texts(value, change))
        for name, value in part.items()
    }


@process_cache(maxsize=None)
def in_chinese(text: str) -> str:
    """The text in Chinese; a sentence without a translation stays English."""
    return "".join(_translate(part) or part for part in _parts(text))


def heading(tag: str, language: str) -> str:
    """The name of a tag in this language."""
    return (message(tag, context=HEADING) if language.startswith("zh") else "") or tag


def messages_of(text: str) -> Iterator[Message]:
    """The messages that the translation of a text needs; without any of them, part of it stays English."""
    for part in _parts(text):
        choice = CHOICE.fullmatch(part)
        key = choice["label"] if choice else part.removesuffix(".")
        template, words = _template_of(key)
        if part and not part.isspace():
            yield None, template or key
            yield from ((NOUN, word) for blank, word in words.items() if blank != "field")


def _parts(text: str) -> Iterator[str]:
    """The sentences and choices of a text, and the breaks between its paragraphs and lines of choices."""
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text.strip())):
        if number:
            yield "\n\n"
        lines = paragraph.split("\n")
        if not all(map(CHOICE.fullmatch, lines)):
            yield from SENTENCE_END.split(" ".join(paragraph.split()))
            continue
        for place, line in enumerate(lines):
            if place:
                yield "\n"
            yield line


def _translate(part: str) -> str:
    """A sentence or choice in Chinese; empty without a translation."""
    if choice := CHOICE.fullmatch(part):
        label = message(choice["label"])
        return label and f"* `{choice['value']}` - {label}"
    key = part.removesuffix(".")
    translated = message(key) or _filled(key)
    return translated and translated + ("。" if part.endswith(".") else "")


def _filled(key: str) -> str:
    """A sentence about a resource or one of its fields; empty if no template matches it."""
    template, words = _template_of(key)
    if template is None:
        return ""
    values = {
        blank: f" `{word.replace(' ', '_')}` " if blank == "field" else message(word, context=NOUN)
        for blank, word in words.items()
    }
    return (message(template) % values).strip() if all(values.values()) else ""


def _template_of(key: str) -> tuple[str | None, Mapping[str, str]]:
    """The template of a sentence and the words in its blanks; none for a sentence that is translated as a whole."""
    if not message(key):
        for template, pattern in PATTERNS.items():
            if match := pattern.fullmatch(key):
                return template, match.groupdict()
    return None, {}


def message(key: str, *, context: str | None = None) -> str:
    """The translation of a message; empty without one."""
    file = _translations()
    return key and (file.gettext(key) if context is None else file.pgettext(context, key))


class _Untranslated(gettext.NullTranslations):
    """Answers for messages that the file lacks: gettext itself would answer with the English text."""

    def gettext(self, message: str) -> str:
        return ""

    def pgettext(self, context: str, message: str) -> str:
        return ""


@process_cache(maxsize=1)
def _translations() -> gettext.NullTranslations:
    translations = gettext.translation(DOMAIN, FOLDER, ["zh_Hans"])
    translations.add_fallback(_Untranslated())
    return translations
