"""Patterns as people type them, also with a Chinese keyboard: with signs and letters in full width."""

import re
from collections.abc import Iterable

from catalog.names.typed_lists import fold_width, split_all
from tokens.patterns.faults import NEAR_PRICES, NEAR_SELECTORS
from tokens.patterns.kinds import LITERAL

BEFORE_COLON = re.compile("[:：]")
# A colon in full width after another word is part of an id.
WORDS = NEAR_SELECTORS | NEAR_PRICES


def fold_pattern(text: str) -> str:
    """The pattern with letters, digits and signs in their ordinary width; what follows `id:` is part of the id."""
    if text.isascii():
        return text
    parts = BEFORE_COLON.split(text, maxsplit=1)
    word = fold_width(parts[0]).strip()
    if len(parts) == 1 or word.casefold() not in WORDS:
        return fold_width(text)
    name = parts[1].strip()
    return f"{word}:{name if word == LITERAL else fold_width(name)}"


def split_patterns(texts: Iterable[str]) -> list[str]:
    """The patterns in several texts, such as the values of a repeated option."""
    return split_all(texts, fold=fold_pattern)
