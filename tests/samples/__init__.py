"""Small hand-written excerpts of real formats, and where the real files lie if this machine has them."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
REAL = HERE.parents[2] / "shared" / "data"


def sample(name: str) -> bytes:
    return (HERE / name).read_bytes()


def real(name: str) -> bytes:
    """A real file, or a skipped test."""
    path = REAL / name
    if not path.is_file():
        pytest.skip(f"{path} is not on this machine")
    return path.read_bytes()
