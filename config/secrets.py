"""Secrets of an installation that configures none: created once, in a file that only its owner can read."""

import os
import secrets
import tempfile
from pathlib import Path

import dj_database_url

FILE_NAME = "modelbook.secrets"
CHECKOUT = Path(__file__).resolve().parent.parent
SECRET_NAMES = ("SECRET_KEY", "TOKEN_PEPPERS")


def candidate_paths() -> list[Path]:
    """The possible paths of the file, the one for a new file first: beside a SQLite database, or in the checkout."""
    try:
        database = dj_database_url.parse(os.environ.get("DATABASE_URL") or "sqlite://:memory:")
    except ValueError:
        # The settings report the error.
        return [CHECKOUT / FILE_NAME]
    file = str(database["NAME"])
    if not database["ENGINE"].endswith("sqlite3") or file == ":memory:":
        return [CHECKOUT / FILE_NAME]
    return [Path(file).absolute().parent / FILE_NAME, CHECKOUT / FILE_NAME]


def secrets_file() -> Path:
    """The existing file, or the path for a new one."""
    paths = candidate_paths()
    return next((path for path in paths if path.exists()), paths[0])


def ensure_secrets(path: Path | None = None) -> bool:
    """Writes both secrets to a file with mode 0600, unless it exists or they are configured; returns whether it wrote.

    OSError if the file cannot be written.
    """
    path = path or secrets_file()
    if path.exists() or are_configured():
        return False
    lines = f"SECRET_KEY={secrets.token_urlsafe(48)}\nTOKEN_PEPPERS=1:{secrets.token_urlsafe(32)}\n"
    # mkstemp creates a file with mode 0600; the link names the complete file, and fails if another process was faster.
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
    """Whether the environment sets every secret."""
    return all(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in SECRET_NAMES)


def read_secrets(path: Path | None = None) -> dict[str, str]:
    """The file's settings by name; empty without a file. OSError if it cannot be read."""
    path = path or secrets_file()
    if not path.exists():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, value in pairs}
