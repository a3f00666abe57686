"""Recorded databases of real gateways, unpacked and migrated as an operator would."""

import gzip
import io
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management import call_command

FILES = Path(__file__).parent / "files" / "gateways"


def unpack(name: str, folder: Path) -> Path:
    """The SQLite file of a recorded gateway."""
    file = folder / f"{name}.db"
    file.write_bytes(gzip.decompress((FILES / f"{name}.db.gz").read_bytes()))
    return file


def answers(name: str) -> dict[str, Any]:
    """What the running gateway answered."""
    recorded: dict[str, Any] = json.loads((FILES / f"{name}.json").read_bytes())
    return recorded


def migrate(file: Path, **options: Any) -> dict[str, Any]:
    """Applies the migration; the plan as JSON."""
    out = io.StringIO()
    call_command("import_gateway", sqlite=str(file), apply=True, format="json", stdout=out, **options)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


def save_options(file: Path, options: Mapping[str, Any] | None) -> None:
    """Replaces the stored options; None leaves no option, as before the first save."""
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("DELETE FROM options")
        for key, value in (options or {}).items():
            text = value if isinstance(value, str) else json.dumps(value)
            database.execute("INSERT INTO options (key, value) VALUES (?, ?)", [key, text])
