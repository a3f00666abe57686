"""Recorded databases of gateways, and what the gateways answered; see files/gateways/README.md."""

import gzip
import json
from pathlib import Path
from typing import Any

FILES = Path(__file__).parent / "files" / "gateways"


def database(name: str, folder: Path) -> Path:
    """The unpacked SQLite file."""
    file = folder / f"{name}.db"
    file.write_bytes(gzip.decompress((FILES / f"{name}.db.gz").read_bytes()))
    return file


def answers(name: str) -> Any:
    return json.loads((FILES / f"{name}.json").read_bytes())
