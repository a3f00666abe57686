"""The columns of a gateway's tables as plain values, whatever type a database stores them in. Imports no models.

Findings name invalid rows by id and never quote their values: a key may be in the wrong column.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from catalog.exact import InexactError, read_json
from catalog.names.typed_lists import SEPARATORS
from pricing.gateways.reading.databases import Row
from pricing.gateways.reading.gateway import ENABLED, EXHAUSTED, GatewayToken, Report

# Separators of names in lists that people type; the programs read commas only.
SEPARATORS_ELSEWHERE = frozenset(SEPARATORS) - {","}


def json_column(value: Any, what: str, report: Report) -> Any:
    """The JSON in a column of text, or already parsed by the driver; None if it is empty or invalid."""
    if value is None or isinstance(value, dict | list):
        return value
    text = (value.decode(errors="replace") if isinstance(value, bytes) else str(value)).strip()
    if not text:
        return None
    try:
        return read_json(text)
    except InexactError:
        report(f"{what} is not JSON and was left out")
        return None


def text_column(row: Row, column: str) -> str:
    value = row.get(column)
    if value is None:
        return ""
    text = value.decode(errors="replace") if isinstance(value, bytes | bytearray) else str(value)
    return text.replace("\x00", "").strip()


def number_column(row: Row, column: str, absent: int = 0) -> int:
    """A whole number; booleans are 1 and 0, however the database stores them."""
    value = row.get(column)
    if value is None or value == "":
        return absent
    if isinstance(value, str) and value.casefold() in ("true", "false", "t", "f"):
        return int(value.casefold() in ("true", "t"))
    try:
        return int(Decimal(str(int(value) if isinstance(value, bool) else value)))
    except (ArithmeticError, ValueError):
        return absent


def token_of(row: Row, *, ignores_exhausted: bool = False) -> GatewayToken:
    """The columns that tokens of all programs have; without limits, networks and further groups.

    `ignores_exhausted`: the program lets an unlimited token work that it has marked as exhausted.
    """
    status, is_unlimited = number_column(row, "status", ENABLED), bool(number_column(row, "unlimited_quota"))
    if status == EXHAUSTED and is_unlimited and ignores_exhausted:
        status = ENABLED
    has_budget = is_unlimited or number_column(row, "remain_quota") > 0
    return GatewayToken(
        id=number_column(row, "id"),
        key=text_column(row, "key").removeprefix("sk-"),
        user=number_column(row, "user_id"),
        name=text_column(row, "name"),
        status=status,
        expires=number_column(row, "expired_time", -1),
        is_over_budget=status == EXHAUSTED or not has_budget,
        limits=None,
        networks=(),
        is_locked=False,
        group=text_column(row, "group"),
        accessed=number_column(row, "accessed_time"),
    )


def names_in(text: str) -> tuple[str, ...]:
    """A comma-separated list of names, without spaces, duplicates and empty names."""
    return tuple(dict.fromkeys(name for name in map(str.strip, text.split(",")) if name))


def has_other_separator(names: Iterable[str]) -> bool:
    """Whether a name may be several ones that a person separated by other signs than the program reads."""
    return not SEPARATORS_ELSEWHERE.isdisjoint("".join(names))


def networks_in(text: str, token: int, report: Report) -> tuple[tuple[str, ...], bool]:
    """The valid addresses and networks in a text, and whether it has entries but no valid one."""
    entries = [part.strip() for part in text.replace("\n", ",").replace(";", ",").split(",") if part.strip()]
    return valid_networks(entries, token, report)


def valid_networks(entries: Sequence[str], token: int, report: Report) -> tuple[tuple[str, ...], bool]:
    """The valid ones of these addresses and networks, and whether there are entries but no valid one."""
    networks = []
    for entry in entries:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            continue
        networks.append(str(network) if "/" in entry else str(network.network_address))
    if len(networks) < len(entries):
        report("an entry in its addresses is not a valid address or network and was left out", f"token {token}")
    return tuple(dict.fromkeys(networks)), bool(entries) and not networks
