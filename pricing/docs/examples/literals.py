"""JSON values as expressions of Python and JavaScript and as JSON, on one line if they fit."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

VARIABLE = re.compile(r"\$\{(\w+)\}")
WIDTH = 80


@dataclass(frozen=True)
class Syntax:
    """The syntax of a language: its constants, its indentation, and its expression for a text with variables.

    `name` writes the name of a field, and `last` follows the last entry of several lines. `inside_braces` is beside the
    braces of an object on one line.
    """

    constants: Mapping[Any, str]
    indent: str
    expression: Callable[[str], str]
    name: Callable[[str], str]
    last: str = ","
    inside_braces: str = ""

    def literal(self, value: Any, *, depth: int = 0, room: int = WIDTH) -> str:
        """The value; its further lines are indented by `depth`, and its first line has so much room."""
        if value is None or isinstance(value, bool):
            return self.constants[value]
        if isinstance(value, str):
            return self.expression(value) if VARIABLE.search(value) else quoted(value)
        if not isinstance(value, (list, Mapping)):
            return json.dumps(value)
        one_line = self._on_one_line(value)
        if len(one_line) <= room - len(self.indent) * depth:
            return one_line
        inner, outer = self.indent * (depth + 1), self.indent * depth
        entries = [
            f"{inner}{name}{self.literal(entry, depth=depth + 1, room=room - len(name))}"
            for name, entry in self._entries(value)
        ]
        opened, closed = "{}" if isinstance(value, Mapping) else "[]"
        return "\n".join([opened, ",\n".join(entries) + self.last, f"{outer}{closed}"])

    def _on_one_line(self, value: Any) -> str:
        entries = ", ".join(f"{name}{self.literal(entry, room=10**6)}" for name, entry in self._entries(value))
        if isinstance(value, Mapping) and entries:
            entries = self.inside_braces + entries + self.inside_braces
        return f"{{{entries}}}" if isinstance(value, Mapping) else f"[{entries}]"

    def _entries(self, value: Any) -> list[tuple[str, Any]]:
        if isinstance(value, Mapping):
            return [(f"{self.name(name)}: ", entry) for name, entry in value.items()]
        return [("", entry) for entry in value]


def quoted(text: str) -> str:
    """A text as a literal of JSON, Python and JavaScript."""
    return json.dumps(text, ensure_ascii=False)
