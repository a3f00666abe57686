"""Checks of settings: pure functions that return the value in the form in which it is used.

ValueError says what to write instead, without repeating the value, because some values contain passwords.
"""

import ipaddress
import re
from urllib.parse import urlsplit

from tokens import keys

MOST = 1_000_000_000
LONGEST_PREFIX = 40  # The masked key on screen has at most 64 characters, 17 of them after the prefix.
SHORTEST_SECRET = 32
SHORTEST_PEPPER = 16
ON = frozenset({"true", "t", "yes", "y", "on", "1"})
OFF = frozenset({"false", "f", "no", "n", "off", "0"})
ORIGIN = re.compile(r"https?://(?:\*\.)?(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
MAILBOX = re.compile(r"mailto:[^@\s]+@[A-Za-z0-9.-]+(?:\?\S*)?")
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")


def whole_number(text: str, low: int, high: int = MOST) -> int:
    """The number, from `low` to `high` inclusive."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high):
        bounds = f"of {low} or more" if high == MOST else f"from {low} to {high}"
        raise ValueError(f"write a whole number {bounds}.")
    return int(text)


def on_or_off(text: str) -> bool:
    """True for true, yes, on and 1; False for false, no, off and 0; in upper or lower case."""
    word = text.strip().lower()
    if word not in ON | OFF:
        raise ValueError("write true or false.")
    return word in ON


def secret_key(text: str) -> str:
    """The key; an empty one passes, because settings.py reports missing secrets itself."""
    if text and len(text) < SHORTEST_SECRET:
        raise ValueError(f"write a random text of {SHORTEST_SECRET} characters or more.")
    return text


def peppers(text: str) -> dict[int, str]:
    """`1:secret,2:newer` as {1: "secret", 2: "newer"}; the highest number signs new keys."""
    secrets: dict[int, str] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        number, colon, value = part.partition(":")
        number, value = number.strip(), value.strip()
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        if not (colon and is_number and len(value) >= SHORTEST_PEPPER):
            raise ValueError(f"write 1:secret,2:newer, each secret of {SHORTEST_PEPPER} characters or more.")
        if int(number) in secrets:
            raise ValueError(f"the number {int(number)} appears twice; give each secret its own.")
        secrets[int(number)] = value
    if text and not secrets:
        raise ValueError("write at least one, such as 1:secret.")
    return secrets


def token_prefix(text: str) -> str:
    if not keys.PREFIX.fullmatch(text) or len(text) > LONGEST_PREFIX:
        raise ValueError(
            f"write letters and digits in words joined by _ or -, beginning with a letter, "
            f"of {LONGEST_PREFIX} characters at most."
        )
    return text


def redis_url(text: str) -> str:
    """The address in the form of the library for rate limits; empty if there is none."""
    if not text:
        return ""
    instruction = "write redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/socket."
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(instruction) from None
    if parts.scheme in {"unix", "redis+unix"} and parts.path.strip("/"):
        return f"redis+{text}" if parts.scheme == "unix" else text
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or port == 0:
        raise ValueError(instruction)
    return text


def base_url(text: str) -> str:
    """An address to which paths are appended; empty if there is none."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in {"http", "https"} and is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or parts.query or parts.fragment or not text.isprintable() or " " in text:
        raise ValueError("write an address such as https://api.example.com, or leave it empty.")
    return text


def security_contact(text: str) -> str:
    """An address for security reports, as RFC 9116 allows it: mailto: or https:. Empty: none."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        is_page = parts.scheme == "https" and is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        is_page = False
    if not (is_page or MAILBOX.fullmatch(text)) or not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("write mailto:security@example.com or https://example.com/report, or leave it empty.")
    return text


def host_names(names: list[str]) -> list[str]:
    names = words(names)
    if not names:
        raise ValueError("write at least one host name; * allows every name.")
    if any("/" in name for name in names):
        raise ValueError("write host names such as models.example.com, without https:// and without a path.")
    return names


def origins(names: list[str]) -> list[str]:
    """The origins, each with its scheme; `*.` before a name allows every host below it."""
    names = words(names)
    if not all(ORIGIN.fullmatch(name) for name in names):
        raise ValueError("write origins such as https://models.example.com, with the scheme and without a path.")
    return names


def own_hosts(names: list[str]) -> list[str]:
    """The hosts as host:port. The default port is 443; an IPv6 address is written in brackets."""
    hosts = []
    for name in words(names):
        literal = re.fullmatch(r"\[(?P<host>[^\]]*)\](?::(?P<port>[0-9]+))?", name)
        host, _, port = (literal["host"], ":", literal["port"] or "") if literal else name.partition(":")
        try:
            number = whole_number(port or "443", 1, 65535) if not name.endswith(":") else 0
        except ValueError:
            number = 0
        if not number or not (is_address(host, version=6) if literal else is_host(host)):
            raise ValueError("write hosts such as gateway.internal:3000, without http:// and without a path.")
        hosts.append(f"{host}:{number}")
    return hosts


def listening_host(text: str) -> str:
    """An address or a name, without a port."""
    if not is_host(text):
        raise ValueError("write an address or a name to listen on, such as 127.0.0.1 or ::1, without a port.")
    return text


def is_host(text: str) -> bool:
    return bool(HOST.fullmatch(text)) or is_address(text)


def is_address(text: str, *, version: int | None = None) -> bool:
    try:
        return ipaddress.ip_address(text).version in {version or 4, version or 6}
    except ValueError:
        return False


def words(parts: list[str]) -> list[str]:
    """The entries of a list without the spaces around them, and without empty ones."""
    return [part.strip() for part in parts if part.strip()]
