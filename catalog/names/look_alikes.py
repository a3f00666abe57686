"""Names that people may take for another one: what no name may contain, and which names look the same.

A model with a Cyrillic letter in its id, or with a character that nobody sees, is another one than the model whose id
it seems to have: keys, prices and calls would go to the wrong one. Imports no models.
"""

import re
import unicodedata

from catalog.names.groups import EMOJI_PARTS, hidden_characters

# Small letters of other scripts that look like one of ASCII in most fonts, from https://www.unicode.org/Public/security/
# latest/confusables.txt, and signs that look like a dash, a point, a slash or a colon. NFKC covers the others, such as
# full width and mathematical letters. Letters that are confused within ASCII (0 and O, 1 and l) are part of real ids.
LETTERS = {
    "a": "\u0430\u0251\u03b1\u04d3",
    "b": "\u044c\u0185\u0432",
    "c": "\u0441\u03f2\u217d\u1d04",
    "d": "\u0501\ua4d2",
    "e": "\u0435\u04bd\u0454\u03b5",
    "f": "s\u1e9d\u0493",
    "g": "\u0261\u0581",
    "h": "\u04bb\u0570\u043d",
    "i": "\u0456\u0131\u0269\u03b9\u04cf",
    "j": "\u0458\u03f3",
    "k": "\u043a\u03ba\u1d0b",
    "l": "\u04cf\u05df",
    "m": "\u043c\u1d0d",
    "n": "\u0578\u057c\u043f\u03b7\u03bd",
    "o": "\u043e\u03bf\u0585\u1d0f",
    "p": "\u0440\u03c1",
    "q": "\u051b\u0563",
    "r": "\u0433\u1d26\uab47",
    "s": "\u0455\ua731",
    "t": "\u0442\u03c4",
    "u": "\u03c5\u057d\u028b\u1d1c",
    "v": "\u0475\u03bd\u1d20",
    "w": "\u051d\u0461\u0561\u1d21",
    "x": "\u0445\u03c7",
    "y": "\u0443\u03b3\u04af\u03c5",
    "z": "\u1d22\u03b6",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58",
    ".": "\u2024\u06d4\u3002\ua4f8",
    "/": "\u2215\u2044\u2571\u29f8",
    ":": "\u02d0\u02f8\u0589\u05c3\u2236\ua4fd",
    "_": "\u2017\u02cd",
}
SKELETON = str.maketrans({letter: plain for plain, letters in LETTERS.items() for letter in letters})
SPACES = re.compile(r"\s+")


def fault_of_name(name: str) -> str:
    """Why no row may have this name, and what to do; empty for a name without hidden parts."""
    if hidden := hidden_characters(name):
        codes = ", ".join(f"U+{ord(letter):04X}" for letter in hidden)
        shown = "".join(letter for letter in name if letter not in hidden).strip()
        return f"{shown or 'It'} is not a valid name: it contains {codes}, which nobody sees. Type the name again."
    if name != name.strip():
        return f"{name!r} is not a valid name. Remove the space at its start or end."
    if not {".", ".."}.isdisjoint(name.split("/")):
        return f"{name} is not a valid name: . and .. are places in a path. Choose another name."
    return ""


def looks_of_name(name: str) -> str:
    """A text that is equal for names that look the same: they differ by case, width, spaces or letters of scripts."""
    bare = EMOJI_PARTS.sub("", name)
    hidden = hidden_characters(bare)
    visible = "".join(letter for letter in bare if letter not in hidden)
    return SPACES.sub(" ", unicodedata.normalize("NFKC", visible).casefold().translate(SKELETON)).strip()
