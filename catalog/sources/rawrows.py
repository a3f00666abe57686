"""One model's row out of a JSON document, exactly as it stands there: what no reader has a place for is in it too."""

import re
from json.decoder import scanstring  # type: ignore[attr-defined]

from catalog.exact import InexactError, read_json
from catalog.sources.rows import SourceError

# What documents name their models by; the second only where nothing else does, for it is also what people read.
ID_KEYS = (frozenset({"id", "model_name"}), frozenset({"name"}))
SPACE = re.compile(r"[ \t\r\n]*")
SCALAR = re.compile(r"[^ \t\r\n,\]}]+")


def raw_rows(content: bytes, name: str) -> list[bytes]:
    """The objects that are of the model with this id, one for each provider that lists it; none where there is none.

    SourceError for a document that is no JSON, whose rows cannot be told apart without reading them.
    """
    try:
        read_json(content)
        text = content.decode("utf-8-sig")
        for id_keys in ID_KEYS:
            scan = _Scan(text, name, id_keys)
            scan.value(scan.after_space(0), key=None)
            if scan.found:
                break
    except InexactError:
        raise SourceError("Rows are taken out of JSON documents alone; take the whole document instead.") from None
    except RecursionError:
        raise SourceError("The document is nested too deeply to take a row out of it.") from None
    return [text[start:end].encode() for start, end in scan.found]


class _Scan:
    """A walk through a sound document, by positions: to read it and write it again would change its numbers' digits."""

    def __init__(self, text: str, name: str, id_keys: frozenset[str]) -> None:
        self.text = text
        self.name = name
        self.id_keys = id_keys
        self.found: list[tuple[int, int]] = []

    def after_space(self, at: int) -> int:
        match = SPACE.match(self.text, at)
        return match.end() if match else at

    def value(self, at: int, *, key: str | None) -> int:
        """Where the value that begins here ends; `key`: what it is called, in an object."""
        match self.text[at]:
            case "{":
                return self._object(at, is_row=key == self.name)
            case "[":
                return self._list(at)
            case '"':
                return int(scanstring(self.text, at + 1)[1])
        match = SCALAR.match(self.text, at)
        return match.end() if match else at

    def _object(self, start: int, *, is_row: bool) -> int:
        inside = len(self.found)
        at = self.after_space(start + 1)
        while self.text[at] != "}":
            key, at = scanstring(self.text, at + 1)
            at = self.after_space(self.after_space(at) + 1)
            if key in self.id_keys and self.text[at] == '"':
                is_row = is_row or scanstring(self.text, at + 1)[0] == self.name
            at = self._next(self.value(at, key=key))
        if is_row:
            # What is inside of a row is a part of it.
            self.found[inside:] = [(start, at + 1)]
        return at + 1

    def _list(self, at: int) -> int:
        at = self.after_space(at + 1)
        while self.text[at] != "]":
            at = self._next(self.value(at, key=None))
        return at + 1

    def _next(self, at: int) -> int:
        """Behind the comma, or at the bracket that ends what this is in."""
        at = self.after_space(at)
        return self.after_space(at + 1) if self.text[at] == "," else at
