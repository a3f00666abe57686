"""Lists of names as people type them, also with a Chinese keyboard, and back. Imports no models.

Names are separated by commas, semicolons, Chinese enumeration commas or line breaks. Letters, digits and signs in full
width are the same as ordinary ones. Other Chinese punctuation, such as （）, is part of a name. A name in quotation
marks is taken as it is: `"a;b"` is one name.
"""

import re
from collections.abc import Callable, Iterable

# With their forms in full width and for columns.
SEPARATORS = ",;\uff0c\uff1b\u3001\uff64\ufe50\ufe51\ufe54\ufe10\ufe11\ufe14\n\r\u2028\u2029"
NAME = re.compile(rf'\s*"((?:[^"]|"")+)"\s*(?=[{SEPARATORS}]|\Z)|([^{SEPARATORS}]+)')
# A letter or digit in full width, or a sign of ids and patterns, is this much above the ordinary one.
WIDTH = 0xFEE0
SIGNS = "*-_./+@#$%&<>="
ORDINARY = str.maketrans(
    {chr(ord(letter) + WIDTH): letter for letter in map(chr, range(0x21, 0x7F)) if letter.isalnum() or letter in SIGNS}
    | {"\u3000": " "}
)


def fold_width(text: str) -> str:
    """The text with letters, digits, signs of patterns and spaces in their ordinary width."""
    return text if text.isascii() else text.translate(ORDINARY)


def split_names(text: str, *, fold: Callable[[str], str] = fold_width) -> list[str]:
    """The names in the text, in order, without blank ones and duplicates."""
    names = (quoted.replace('""', '"') if quoted else fold(plain).strip() for quoted, plain in NAME.findall(text))
    return list(dict.fromkeys(filter(None, names)))


def split_all(texts: Iterable[str], *, fold: Callable[[str], str] = fold_width) -> list[str]:
    """The names in several texts, such as the values of a repeated option."""
    return list(dict.fromkeys(name for text in texts for name in split_names(text, fold=fold)))


def write_names(names: Iterable[str]) -> str:
    """A text that `split_names` reads as these names."""
    return ", ".join(name if split_names(name) == [name] else _quoted(name) for name in names)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
