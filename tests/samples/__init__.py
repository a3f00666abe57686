"""Small hand-written excerpts of real formats, and the folder of the real files if this machine has them."""

from pathlib import Path

import pytest

from catalog.exact import read_json, write_json
from tests.sizes import FULL

HERE = Path(__file__).parent
REAL = HERE.parents[2] / "shared" / "data"


def sample(name: str) -> bytes:
    return (HERE / name).read_bytes()


def some_rows(content: bytes) -> bytes:
    """Every eighth model of a map of thousands, where a test's time grows with them; all in the full run."""
    rows = read_json(content)
    if FULL or not isinstance(rows, dict) or len(rows) < 1000:
        return content
    return write_json({name: row for number, (name, row) in enumerate(rows.items()) if number % 8 == 0})


def sample_or_real(name: str) -> bytes:
    return sample(name) if (HERE / name).is_file() else real(name)


def real(name: str) -> bytes:
    """A real file, or a skipped test."""
    path = REAL / name
    if not path.is_file():
        pytest.skip(f"{path} is not on this machine")
    return path.read_bytes()
