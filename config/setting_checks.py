"""Checks the values of settings: pure functions that return the value as the settings use it.

The message of a ValueError states the valid values and does not repeat the value, which may contain a password.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pricing.engine.formatting.languages import language_named
from tokens import keys
from tokens.calls.routes import WITHOUT_MODEL

MAX_NUMBER = 1_000_000_000
MIN_SECRET_LENGTH = 32
MIN_PEPPER_LENGTH = 16
ON = frozenset({"true", "t", "yes", "y", "on", "1"})
OFF = frozenset({"false", "f", "no", "n", "off", "0"})
ORIGIN = re.compile(r"https?://(?:\*\.)?(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
MAILBOX = re.compile(r"mailto:[^@\s]+@[A-Za-z0-9.-]+(?:\?\S*)?")
HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,99}")
# Headers that belong to the caller, or that this server reads for something else.
NEVER_TRUSTED = frozenset({
    *map(str.lower, keys.HEADERS), "content-type", "content-length", "content-encoding", "transfer-encoding",
    "host", "origin", "accept", "cookie", "user-agent", "anthropic-version", "x-original-uri",
    "x-forwarded-uri", "x-original-method", "x-forwarded-method", "x-forwarded-for", "x-envoy-auth-partial-body",
})  # fmt: skip
SECOND_FACTOR = ("optional", "required")
SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
# OIDC_ROLES gives these claims every permission; all other values are names of roles.
SUPERUSER = "superuser"
MAIL_PORTS = {"smtp": 587, "smtps": 465}
MAIL_SECONDS = 10
HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")


def whole_number(text: str, low: int, high: int = MAX_NUMBER) -> int:
    """A whole number within the bounds, which are included."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high):
        bounds = f"of {low} or more" if high == MAX_NUMBER else f"from {low} to {high}"
        raise ValueError(f"The value must be a whole number {bounds}.")
    return int(text)


def language(text: str) -> str:
    """Django's code of a language of the pages: en or zh-hans."""
    named = language_named(text)
    if not named:
        raise ValueError("The value must be en or zh.")
    return named


def time_zone(text: str) -> str:
    """The name of a time zone in the IANA database."""
    try:
        return ZoneInfo(text.strip()).key
    except (KeyError, ValueError, OSError):
        raise ValueError("The value must be the name of a time zone, such as Asia/Shanghai or UTC.") from None


def on_or_off(text: str) -> bool:
    """True for true, yes, on and 1; False for false, no, off and 0; in upper or lower case."""
    word = text.strip().lower()
    if word not in ON | OFF:
        raise ValueError("The value must be true or false.")
    return word in ON


def secret_key(text: str) -> str:
    """A random text; a missing one is reported by the settings."""
    if text and len(text) < MIN_SECRET_LENGTH:
        raise ValueError(f"The value is too short. Set a random text of at least {MIN_SECRET_LENGTH} characters.")
    return text


def peppers(text: str) -> dict[int, str]:
    """`1:secret,2:newer` as {1: "secret", 2: "newer"}; new keys use the highest number."""
    by_number: dict[int, str] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        number, colon, value = part.partition(":")
        number, value = number.strip(), value.strip()
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        if not (colon and is_number and len(value) >= MIN_PEPPER_LENGTH):
            raise ValueError(
                f"The value must look like 1:secret,2:newer, with secrets of at least {MIN_PEPPER_LENGTH} characters."
            )
        if int(number) in by_number:
            raise ValueError(f"The number {int(number)} appears twice. Give each secret its own number.")
        by_number[int(number)] = value
    if text and not by_number:
        raise ValueError("The value contains no secret. Set at least one, such as 1:secret.")
    return by_number


def token_prefix(text: str) -> str:
    if not keys.PREFIX.fullmatch(text) or len(text) > keys.MAX_PREFIX:
        raise ValueError(
            f"The value must be words of letters and digits joined by _ or -, must start with a letter, "
            f"and must have at most {keys.MAX_PREFIX} characters."
        )
    if keys.is_admin_key(f"{text}_"):
        raise ValueError(f"{keys.ADMIN_PREFIX} is the prefix of admin keys. Use another one for the keys of tokens.")
    return text


def redis_url(text: str) -> str:
    """The address in the form that the library of rate limits expects; empty for no Redis."""
    if not text:
        return ""
    message = "The value must look like redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/socket."
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(message) from None
    if parts.scheme in {"unix", "redis+unix"} and parts.path.strip("/"):
        return f"redis+{text}" if parts.scheme == "unix" else text
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or port == 0:
        raise ValueError(message)
    return text


def base_url(text: str) -> str:
    """An address to which paths are appended; empty for none."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        is_address = parts.scheme in {"http", "https"} and is_host(parts.hostname or "") and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or parts.query or parts.fragment or not text.isprintable() or " " in text:
        raise ValueError("The value must be an address such as https://api.example.com, or empty.")
    return text


def folder(text: str) -> str:
    """The path of a folder that can be read, or nothing."""
    if text and not (Path(text).is_dir() and os.access(text, os.R_OK | os.X_OK)):
        raise ValueError("Enter the path of a folder that this process can read, or leave it empty.")
    return text


def host_of(address: str | None) -> str:
    """The host of an address that `base_url` accepted; empty for none."""
    return urlsplit(address or "").hostname or ""


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
        raise ValueError(
            "The value must look like mailto:security@example.com or https://example.com/report, or be empty."
        )
    return text


def host_names(names: list[str]) -> list[str]:
    """Host names without a scheme and a path; `*` allows every name."""
    names = words(names)
    if not names:
        raise ValueError("The value is empty. Set at least one host name, or * for every name.")
    if any("/" in name for name in names):
        raise ValueError(
            "The value must be host names such as models.example.com, without https:// and without a path."
        )
    return names


def origins(names: list[str]) -> list[str]:
    """Origins with their scheme; `*.` before a name means every host below it."""
    names = words(names)
    if not all(ORIGIN.fullmatch(name) for name in names):
        raise ValueError(
            "The value must be origins such as https://models.example.com, with the scheme and without a path."
        )
    return names


def own_hosts(names: list[str]) -> list[str]:
    """Each host as host:port; without a port it is 443. An IPv6 address must be in brackets."""
    hosts = []
    for name in words(names):
        literal = re.fullmatch(r"\[(?P<host>[^\]]*)\](?::(?P<port>[0-9]+))?", name)
        host, _, port = (literal["host"], ":", literal["port"] or "") if literal else name.partition(":")
        try:
            number = whole_number(port or "443", 1, 65535) if not name.endswith(":") else 0
        except ValueError:
            number = 0
        if not number or not (is_address(host, version=6) if literal else is_host(host)):
            raise ValueError(
                "The value must be hosts such as gateway.internal:3000, without http:// and without a path."
            )
        hosts.append(f"{host}:{number}")
    return hosts


def header_names(names: list[str]) -> list[str]:
    """Names of headers in which gateways state the model, such as X-Model."""
    names = words(names)
    if not all(HEADER.fullmatch(name) for name in names):
        raise ValueError("The value must be names of headers such as X-Model, without values and underscores.")
    if any(name.lower() in NEVER_TRUSTED for name in names):
        raise ValueError("The value contains a header that callers send themselves, such as Authorization.")
    return names


def endpoints_without_model(names: list[str]) -> list[str]:
    """Kinds of calls that name no model, such as files."""
    names = words(names)
    if not set(names) <= WITHOUT_MODEL.keys():
        raise ValueError(f"The value must be some of {', '.join(sorted(WITHOUT_MODEL))}.")
    return names


def listening_host(text: str) -> str:
    """An address or a name, without a port."""
    if not is_host(text):
        raise ValueError(
            "The value must be an address or a name to listen on, such as 127.0.0.1 or ::1, without a port."
        )
    return text


def is_host(text: str) -> bool:
    return bool(HOST.fullmatch(text)) or is_address(text)


def is_address(text: str, *, version: int | None = None) -> bool:
    try:
        return ipaddress.ip_address(text).version in {version or 4, version or 6}
    except ValueError:
        return False


def words(parts: list[str]) -> list[str]:
    """The entries of a list without surrounding spaces, and without empty entries."""
    return [part.strip() for part in parts if part.strip()]


def older_secret_keys(text: str) -> list[str]:
    """Earlier values of SECRET_KEY, separated by commas, which still open what they have encrypted and signed."""
    older = words(text.split(","))
    for value in older:
        secret_key(value)
    return older


def prices_as(text: str) -> str:
    word = text.strip().lower()
    if word not in ("prices", "ratios"):
        raise ValueError("The value must be prices or ratios.")
    return word


def second_factor(text: str) -> str:
    word = text.strip().lower()
    if word not in SECOND_FACTOR:
        raise ValueError("The value must be optional or required.")
    return word


def oidc_issuer(text: str) -> str:
    """The issuer as the provider names itself; http only on this machine. Empty for no provider."""
    if not text:
        return ""
    url = base_url(text)
    parts = urlsplit(url)
    if parts.username is not None or (parts.scheme != "https" and not is_own_machine(parts.hostname or "")):
        raise ValueError("The value must be an https address without a user, such as https://login.example.com.")
    return url


def oidc_scopes(names: list[str]) -> list[str]:
    """The scopes to request; openid is one of them."""
    names = words(names)
    if "openid" not in names or not all(SCOPE.fullmatch(name) for name in names):
        raise ValueError("The value must be scopes such as openid,profile,email,groups, with openid.")
    return names


def oidc_roles(pairs: list[str]) -> dict[str, str]:
    """`llm-admins=superuser,finance=Pricing` as value of the claim -> role."""
    roles: dict[str, str] = {}
    for pair in words(pairs):
        value, equals, role = (part.strip() for part in pair.rpartition("="))
        if not (value and equals and role):
            raise ValueError("The value must look like llm-admins=superuser,finance=Pricing.")
        if value in roles:
            raise ValueError("A value of the claim appears twice. Give each value one role.")
        roles[value] = role
    return roles


def mail_server(text: str) -> dict[str, Any]:
    """The options of Django's SMTP backend; empty for no mail server. Passwords never travel without TLS."""
    if not text:
        return {}
    message = (
        "The value must look like smtp://user:password@mail.example.com:587 (STARTTLS) or smtps://…:465 (TLS). "
        "smtp:// without TLS is only for this machine, without a password."
    )
    try:
        parts = urlsplit(text)
        port = parts.port or MAIL_PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise ValueError(message) from None
    host = parts.hostname or ""
    if not is_host(host) or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(message)
    is_plain = parts.scheme == "smtp" and is_own_machine(host) and parts.password is None
    return {
        "host": host,
        "port": port,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_tls": parts.scheme == "smtp" and not is_plain,
        "use_ssl": parts.scheme == "smtps",
        "timeout": MAIL_SECONDS,
    }


def sign_in_problems(
    *, oidc: Mapping[str, Any], password_sign_in: bool | None, mail: Mapping[str, Any], hosts: list[str]
) -> list[str]:
    """What is wrong with these settings together, which are valid each by itself."""
    problems = []
    missing = [name for name, value in oidc.items() if not value]
    if missing and len(missing) < len(oidc):
        problems.append(f"{', '.join(missing)}: The value is missing. OpenID Connect needs {', '.join(oidc)}.")
    if password_sign_in is False and not oidc["OIDC_ISSUER"]:
        problems.append("PASSWORD_SIGN_IN: Nobody could sign in. Set OIDC_ISSUER, or leave the value true.")
    if mail["EMAIL_URL"]:
        if "@" not in mail["EMAIL_FROM"]:
            problems.append("EMAIL_FROM: EMAIL_URL needs a sender, such as modelbook@example.com.")
        if "*" in (hosts or []):
            # The links in mails contain the host name that the request states.
            problems.append("ALLOWED_HOSTS: EMAIL_URL needs host names instead of *, because mails contain one.")
    return problems


def is_own_machine(host: str) -> bool:
    """Whether nobody else can read what is sent to this host."""
    return host == "localhost" or (is_address(host) and ipaddress.ip_address(host).is_loopback)
