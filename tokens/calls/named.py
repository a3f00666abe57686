"""The models that a body names, and the error for a body that cannot be read in exactly one way. Pure."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

# Characters of a name; a longer one is not an id.
LONGEST_NAME = 500
# Characters of a field's name; a longer one is none of those that name models.
LONGEST_FIELD = 60

NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]")


class UnreadableBodyError(ValueError):
    """The body is malformed, or two programs could read different models from it; the text says what to change."""


@dataclass(frozen=True, slots=True)
class NamedModels:
    """The models that a body names, in order, each with the outermost field that names it."""

    places: tuple[tuple[str, str], ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """The names, each once."""
        return tuple(dict.fromkeys(name for name, _ in self.places))

    def within(self, fields: Collection[str]) -> list[str]:
        """The names in these fields."""
        return [name for name, field in self.places if field in fields]


class Names:
    """Collects names while a body is read."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], None] = {}

    def add(self, name: str, *, field: str) -> None:
        """Adds a name; LiteLLM reads one with commas as a list of names. Programs treat an empty name as none."""
        if not name:
            return
        for text in [part.strip() for part in name.split(",")] if "," in name else [name]:
            if not text:
                raise UnreadableBodyError("A list of models in `model` contains an empty name.")
            if len(text) > LONGEST_NAME:
                raise UnreadableBodyError(f"The name of a model has at most {LONGEST_NAME} characters.")
            if text != text.strip() or NOT_IN_NAMES.search(text):
                # Some programs cut these off, and call another model than the one of this name.
                raise UnreadableBodyError("The name of a model contains a control character, or a space at an end.")
            try:
                text.encode()
            except UnicodeEncodeError:
                raise UnreadableBodyError("The name of a model contains a character that does not exist.") from None
            self._places[text, field] = None

    def result(self) -> NamedModels:
        return NamedModels(tuple(self._places))


def plain(field: str) -> str:
    """A field's name as the most tolerant reader compares it: without case, blanks and punctuation.

    Go's encoding/json ignores case, also that of the long s and the Kelvin sign, and takes the last of several fields.
    """
    return "".join(filter(str.isalnum, field.casefold())) if len(field) <= LONGEST_FIELD else ""


def spellings(fields: Iterable[str]) -> dict[str, str]:
    """Plain name -> a spelling of the field."""
    return {plain(field): field for field in fields}
