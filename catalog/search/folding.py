"""How names and searches are written before they are compared: `GPT_5` and `gpt 5` become `gpt-5`.

Imports no models.
"""

import re
import unicodedata

from catalog.vendor_matching import fold

# Fireworks writes 3p1 for 3.1.
POINT = re.compile(r"(?<=[0-9])p(?=[0-9])")
# Anything between words, apart from the point of a number.
SEPARATORS = re.compile(r"(?:(?<![0-9])\.|\.(?![0-9])|[^\w.]|_)+")


def fold_name(name: str) -> str:
    """The name in small letters of ordinary width, with one dash between words."""
    if name.isascii():
        text = name.lower()
    else:
        decomposed = unicodedata.normalize("NFD", fold(name))
        text = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return SEPARATORS.sub("-", POINT.sub(".", text)).strip("-")


def compact(folded: str) -> str:
    """A folded name without what separates its words."""
    return folded.replace("-", "").replace(".", "")
