"""The secrets of an installation that nobody configured: made once, kept in a file that only its owner can read."""

import os
import secrets
import tempfile
from pathlib import Path

SECRETS_FILE = Path(__file__).resolve().parent.parent / "modelbook.secrets"
NAMES = ("SECRET_KEY", "TOKEN_PEPPERS")


def ensure_secrets(path: Path = SECRETS_FILE) -> bool:
    """Writes both secrets to a file of mode 0600 unless it is there or they are configured; returns whether it did."""
    if path.exists() or all(os.environ.get(name) or os.environ.get(f"{name}_FILE") for name in NAMES):
        return False
    lines = f"SECRET_KEY={secrets.token_urlsafe(48)}\nTOKEN_PEPPERS=1:{secrets.token_urlsafe(32)}\n"
    # mkstemp makes a file of mode 0600; the link gives it its name when it is whole, and fails if another was faster.
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


def read_secrets(path: Path = SECRETS_FILE) -> dict[str, str]:
    """The file's settings by name; nothing where there is no file."""
    if not path.exists():
        return {}
    pairs = (line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, value in pairs}
