"""The names of groups of customers, which are any visible text, such as default or 官转. Imports no models.

Gateways, price lists and clients send and compare these names, so two of them must not look the same because of a
character that nobody sees. new-api stores several groups of a channel in one text with commas. Upper and lower case are
different, as in new-api.
"""

import hashlib
import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.text import slugify

LONGEST_NAME = 64

# Control, format, surrogate, private and unassigned characters, and the ends of lines and paragraphs.
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Unicode's default ignorable characters in other categories, and an empty Braille cell.
IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# The spaces of Latin and of Chinese text; other spaces look like one of them.
SPACES = " \u3000"
# The parts of an emoji that have no picture of their own: one gives it colours, one joins two pictures to one.
PICTURE = "#*0-9\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"
EMOJI_PARTS = re.compile(f"(?<=[{PICTURE}])\ufe0f|(?<=[\ufe0f{PICTURE}])\u200d(?=[{PICTURE}])")


def normal_group_name(name: str) -> str:
    """The name as it is stored and compared: composed, because two keyboards may write an é differently."""
    return unicodedata.normalize("NFC", name)


def validate_group_name(name: str) -> None:
    """ValidationError for a text that is not a valid name of a group."""
    if fault := fault_of_group_name(name):
        raise ValidationError(fault)


def fault_of_group_name(name: str) -> str:
    """Why a text is not a valid name of a group, and what to do; empty for a valid name."""
    hidden = hidden_characters(name)
    shown = "".join(letter for letter in name if letter not in hidden).strip()
    if not shown or unicodedata.category(shown[0]).startswith("M"):
        return "The name of a group must start with a character that people can see."
    if hidden:
        codes = ", ".join(f"U+{ord(letter):04X}" for letter in hidden)
        return f"{shown} is not a valid name of a group: it contains {codes}, which nobody sees. Type the name again."
    if name != shown:
        return f"{name!r} is not a valid name of a group. Remove the space at its start or end."
    if "," in name:
        return f"{name} is not a valid name of a group: commas separate groups in gateways. Remove the comma."
    if len(name) > LONGEST_NAME:
        return f"{name[:20]}… is not a valid name of a group. Use at most {LONGEST_NAME} characters."
    return ""


def storable_group_name(name: str) -> str:
    """The name itself if it is valid, otherwise a valid one that is always the same for it."""
    normal = normal_group_name(name)
    if not fault_of_group_name(normal):
        return normal
    hidden = {*hidden_characters(normal), ","}
    shown = "".join(letter for letter in normal if letter not in hidden).strip()
    base = shown[:50].strip()
    return f"{'group' if fault_of_group_name(base) else base}-{_digest(name)}"


def earlier_group_name(name: str) -> str:
    """The name that versions before 2026-12 derived from one with other characters than ASCII letters and digits."""
    return f"{slugify(name)[:50] or 'group'}-{_digest(name)}"


def looks_of_group_name(name: str) -> str:
    """A text that is equal for names which people may confuse: they differ by case, width or the colour of an emoji."""
    return unicodedata.normalize("NFKC", EMOJI_PARTS.sub("", name)).casefold()


def hidden_characters(name: str) -> list[str]:
    """The different characters of a name that take no place on a screen, or that look like an ordinary space."""
    if name.isascii() and name.isprintable():
        # Nearly all names; an import has thousands of them.
        return []
    bare = EMOJI_PARTS.sub("", name)
    return [letter for letter in dict.fromkeys(bare) if _is_hidden(letter)]


def _is_hidden(letter: str) -> bool:
    return (
        unicodedata.category(letter) in INVISIBLE
        or IGNORABLE.match(letter) is not None
        or (letter.isspace() and letter not in SPACES)
    )


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
