"""Generated secrets of an installation without configured ones, in a file that only its owner can read."""

import os
import secrets
import tempfile
from pathlib import Path

import dj_database_url

NAME = "modelbook.secrets"
CHECKOUT = Path(__file__).resolve().parent.parent
NAMES = ("SECRET_KEY", "TOKEN_PEPPERS")


def places() -> list[Path]:
    """Possible paths of the file, the preferred one first: beside a SQLite database, or in the checkout."""
    try:
        database = dj_database_url.parse(os.environ.get("DATABASE_URL") or "sqlite://:memory:")
    except ValueError:
        # The settings report it.
        return [CHECKOUT / NAME]
    file = str(database["NAME"])
    if not database["ENGINE"].endswith("sqlite3") or file == ":memory:":
        return [CHECKOUT / NAME]
    return [Path(file).absolute().parent / NAME, CHECKOUT / NAME]


def secrets_file() -> Path:
    """The existing file, or the path where to create it."""
    paths = places()
    return next((path for path in paths if path.exists()), paths[0])


def ensure_secrets(path: Path | None = None) -> bool:
    """Writes both secrets to a file of mode 0600, unless it exists or they are configured; returns whether it did.

    OSError if the file cannot be written.
    """
    path = path or secrets_file()
    if path.exists() or are_configured():
        return False
    lines = f"SECRET_KEY={secrets.token_urlsafe(48)}\nTOKEN_PEPPERS=1:{secrets.token_urlsafe(32)}\n"
    # mkstemp creates a file of mode 0600. The link gives the complete file its name, and fails if another process was
    # faster.
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(lines)
        path.hardlink_to(draft)
    except FileExistsError:
        return False
    finally:
        Path(draft).unlink()
    return True


def are_configured() -> bool:
    return all(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in NAMES)


def read_secrets(path: Path | None = None) -> dict[str, str]:
    """The settings in the file, by name; empty if there is no file. OSError if it cannot be read."""
    path = path or secrets_file()
    if not path.exists():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, value in pairs}
