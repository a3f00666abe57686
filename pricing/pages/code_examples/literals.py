"""Texts as literals of a shell, of Python and of JavaScript. Imports no models."""

import json
from typing import Any


def shell(text: str) -> str:
    """The text in single quotes, so that the shell does not change it."""
    return "'" + text.replace("'", "'\\''") + "'"


def quoted(value: Any) -> str:
    """A literal for Python and for JavaScript, of texts, numbers, lists and objects."""
    return json.dumps(value, ensure_ascii=False)


def pretty(value: Any, *, indent: int = 0) -> str:
    """The same on several lines; those after the first one have so many spaces before them."""
    return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", "\n" + " " * indent)
