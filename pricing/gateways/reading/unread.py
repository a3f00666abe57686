"""The tables, columns and options of a gateway's database that are not read. Imports no models.

A reader states what it reads and what the rest means (`Unread`). Everything else that is not empty is named by its
table, column or key. Values are never quoted: they may be secrets.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.error_messages import count
from catalog.exact import InexactError, read_json
from pricing.gateways.reading.columns import number_column, text_column
from pricing.gateways.reading.databases import Row, Tables
from pricing.gateways.reading.gateway import LeftOut

EMPTY = re.compile(r"[-+]?0*\.?0*|false|null|\{\s*\}|\[\s*\]", re.IGNORECASE)
# Not registration, moderation, feedback.
PRICE_WORDS = re.compile(
    r"pric(?:e|ing)|ratio(?!n)|cost|discount|billing|fee(?![dl])|multiplier|quota_?type", re.IGNORECASE
)


@dataclass(frozen=True)
class Column:
    """A column that is not read. `is_set` decides whether a row has a value that matters; default: not empty."""

    what: str
    is_set: Callable[[Row], bool] | None = None
    # Numbers of a gateway's own units: the sum is part of the sentence.
    has_total: bool = False


@dataclass(frozen=True)
class Table:
    """A table that is read, in part."""

    read: Collection[str]
    # The rows' names in the plan.
    label: Callable[[Row], str]
    # Columns that a label or an `is_set` needs.
    label_columns: Collection[str] = ("id",)
    unread: Mapping[str, Column] = field(default_factory=dict)
    # Columns without a meaning for a catalog and its keys. None: no column but those in `unread` has one.
    ignored: Collection[str] | None = ()


@dataclass(frozen=True)
class Option:
    """An option that is not read. `names` lists the models or groups in its value; default: the keys of an object."""

    what: str
    names: Callable[[Any], Collection[str]] | None = None


@dataclass(frozen=True)
class Unread:
    """What a reader knows about the parts of a database that it does not read."""

    tables: Mapping[str, Table]
    # Table -> what its rows are.
    unread_tables: Mapping[str, str]
    # Statistics and technical tables.
    ignored_tables: Collection[str]
    read_options: Collection[str]
    unread_options: Mapping[str, Option]
    # Options about payments, displays and logins whose keys look like prices.
    ignored_options: Collection[str] = ()


def left_out(tables: Tables, unread: Unread) -> tuple[LeftOut, ...]:
    """All that has content and is not read."""
    kinds = [*_options(tables, unread)]
    others: list[str] = []
    for name, table in unread.tables.items():
        columns, unknown = _columns(tables, name, table)
        kinds += columns
        others += unknown
    if others:
        kinds.append(LeftOut("columns", "other columns with values", len(others), tuple(others)))
    return (*kinds, *_tables(tables, unread))


def _options(tables: Tables, unread: Unread) -> list[LeftOut]:
    stored = {text_column(row, "key"): text_column(row, "value") for row in tables.rows("options", ("key", "value"))}
    unread_keys = sorted(key for key, text in stored.items() if key not in unread.read_options and not _is_empty(text))
    kinds = []
    for key in unread.unread_options:
        if key in unread_keys:
            names = tuple(_names(unread.unread_options[key], stored[key]))
            kinds.append(LeftOut(f"options.{key}", unread.unread_options[key].what, len(names) or 1, names))
    others = [key for key in unread_keys if key not in unread.unread_options]
    prices = [key for key in others if key not in unread.ignored_options and _is_like_a_price(key)]
    others = [key for key in others if key not in prices]
    if prices:
        kinds.append(LeftOut("options.unknown", "unknown options that may state prices", len(prices), tuple(prices)))
    if others:
        kinds.append(LeftOut("options", "other settings of the program", len(others), tuple(others)))
    return kinds


def _names(option: Option, text: str) -> Collection[str]:
    try:
        value = read_json(text)
    except InexactError:
        return ()
    if option.names is not None:
        return option.names(value)
    return list(value) if isinstance(value, dict) else ()


def _columns(tables: Tables, name: str, table: Table) -> tuple[list[LeftOut], list[str]]:
    """The known columns with values, and the unknown ones with their numbers of rows."""
    existing = tables.columns(name)
    known = [column for column in table.unread if column in existing]
    ignored = existing if table.ignored is None else table.ignored
    unknown = sorted(existing - set(table.read) - set(table.unread) - set(ignored) - {"deleted_at"})
    labels: dict[str, list[str]] = {column: [] for column in (*known, *unknown)}
    totals = dict.fromkeys(labels, 0)
    needed = dict.fromkeys(["id", "deleted_at", *table.label_columns, *labels])
    for row in tables.rows(name, needed) if labels else ():
        if row.get("deleted_at"):
            continue
        for column, rows in labels.items():
            is_set = table.unread[column].is_set if column in table.unread else None
            if is_set(row) if is_set else not _is_empty(text_column(row, column)):
                rows.append(table.label(row))
                totals[column] += number_column(row, column)
    kinds = [
        LeftOut(
            f"{name}.{column}", _what(table.unread[column], totals[column]), len(labels[column]), tuple(labels[column])
        )
        for column in known
        if labels[column]
    ]
    return kinds, [f"{name}.{column} ({count(len(labels[column]), 'row')})" for column in unknown if labels[column]]


def _what(column: Column, total: int) -> str:
    return f"{column.what}, {total:,} units in total" if column.has_total else column.what


def _tables(tables: Tables, unread: Unread) -> list[LeftOut]:
    rows = {
        name: tables.count(name)
        for name in sorted(tables.names())
        if name not in unread.tables and name not in unread.ignored_tables and name != "options"
    }
    filled = {name: number for name, number in rows.items() if number}
    kinds = [LeftOut(name, unread.unread_tables[name], filled[name]) for name in unread.unread_tables if name in filled]
    others = [f"{name} ({count(rows, 'row')})" for name, rows in filled.items() if name not in unread.unread_tables]
    if others:
        kinds.append(LeftOut("tables", "other tables with rows", len(others), tuple(others)))
    return kinds


def _is_like_a_price(key: str) -> bool:
    return PRICE_WORDS.search(key) is not None


def _is_empty(text: str) -> bool:
    return EMPTY.fullmatch(text) is not None


def channel_label(row: Row) -> str:
    name, number = text_column(row, "name"), number_column(row, "id")
    return f"{name} ({number})" if name else f"channel {number}"


def token_label(row: Row) -> str:
    return f"token {number_column(row, 'id')}"


def user_label(row: Row) -> str:
    return f"user {number_column(row, 'id')}"


def named_by(column: str) -> tuple[Callable[[Row], str], Collection[str]]:
    """The label of rows that have a name in this column, and the columns that it needs."""
    return (lambda row: text_column(row, column)), (column,)


def has_budget(row: Row) -> bool:
    """Whether a token has a remaining amount that limits it."""
    return not number_column(row, "unlimited_quota") and number_column(row, "remain_quota") != 0


def has_settings(column: str) -> Callable[[Row], bool]:
    """Whether a row has a setting other than empty, 0 and false: forms store all of their fields as an object."""

    def is_set(row: Row) -> bool:
        text = text_column(row, column)
        try:
            return not (_is_empty(text) or _is_blank(read_json(text)))
        except InexactError:
            return True

    return is_set


def _is_blank(value: Any) -> bool:
    if isinstance(value, dict | list):
        return all(map(_is_blank, value.values() if isinstance(value, dict) else value))
    return not value
