"""How addresses that contain secrets are shown."""

import re
from urllib.parse import urlsplit

HIDDEN = "…"
# Characters at the end of a hidden part that are shown, so that people can distinguish addresses.
SHOWN = 4
# A part of a path that nobody can guess is a secret: https://hooks.example.com/catch/8f3kd9aLw0.
UNGUESSABLE = re.compile(r"(?=[^/]*[0-9])(?=[^/]*[A-Za-z])[^/]{10,}|[0-9]{10,}|[^/]{32,}")


def mask_url(url: str, *, is_secret: bool) -> str:
    """The address without its query and without parts that may be secrets; `is_secret`: its path is one."""
    parts = urlsplit(url)
    start = f"{parts.scheme}://{parts.netloc}"
    if is_secret:
        return f"{start}/{HIDDEN}{url[-SHOWN:]}"
    path = "/".join(HIDDEN + part[-SHOWN:] if UNGUESSABLE.fullmatch(part) else part for part in parts.path.split("/"))
    return f"{start}{path}" + (f"?{HIDDEN}" if parts.query or parts.fragment else "")
