"""How tokens are read: one query for authentication and the fast path, so that both decide by the same columns.

It also reads the counters of catalog/db/revision.py, so that both are from the same moment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db import connections
from django.db.models import QuerySet, Subquery
from django.db.models.sql.compiler import SQLCompiler

from catalog.db.revision import Counters
from catalog.models import Revision
from tokens.models import Token

# The columns that decide who the caller is, which models it can see, and whether it may call them.
DECIDING = (
    "pk", "key_id", "digest", "enabled", "starts_at", "expires_at", "networks", "allow", "deny", "rate_limit",
    "uses_auto_groups", "is_over_budget", "first_group", "groups", "groups__slug", "groups__rate_limit",
)  # fmt: skip
# /api/token shows them; nothing else depends on them.
SHOWN = ("name", "last_used_at")
COLUMNS = (*DECIDING, *SHOWN)

# One row of the database without any conversion, without the counters.
RawRow = tuple[Any, ...]
Row = dict[str, Any]


@dataclass(frozen=True)
class TokenRows:
    """What is stored of a token: one row per group, as dicts and as the database returns them, and the counters."""

    rows: tuple[Row, ...]
    raw: tuple[RawRow, ...]
    counters: Counters


def read_tokens(tokens: QuerySet[Token], *, is_streamed: bool = False) -> Iterator[TokenRows]:
    """The rows of these tokens, read in one query; `is_streamed`: without storing all of them."""
    compiler = _compiler(tokens)
    chunks = compiler.execute_sql(chunked_fetch=is_streamed)
    pairs = (pair for chunk in chunks for pair in zip(_typed(compiler, chunk), chunk, strict=True))
    for _, pairs_of_token in groupby(pairs, key=lambda pair: pair[0]["pk"]):
        rows, raw = zip(*pairs_of_token, strict=True)
        stored, counters = split(raw)
        # A flushed test database has no counters before its first change.
        yield TokenRows(rows, stored, Counters(*(value or 0 for value in counters)))


def _typed(compiler: SQLCompiler, chunk: Sequence[Sequence[Any]]) -> Iterator[Row]:
    """The rows as dicts, converted as their fields require."""
    return (dict(zip(COLUMNS, row, strict=False)) for row in compiler.results_iter([list(chunk)]))


def split(raw: Sequence[RawRow]) -> tuple[tuple[RawRow, ...], Counters]:
    """The raw rows of one token without the counters, and the counters."""
    return tuple(row[: len(COLUMNS)] for row in raw), Counters(*raw[0][len(COLUMNS) :])


def statement() -> str:
    """The SQL that reads the rows of one token; its only parameter is a digest."""
    sql, _ = _compiler(Token.objects.filter(digest="")).as_sql()
    return sql


def _compiler(tokens: QuerySet[Token]) -> SQLCompiler:
    counters = {name: Subquery(Revision.objects.values(name)[:1]) for name in Counters.__annotations__}
    rows = tokens.order_by("pk", "groups").annotate(**counters).values_list(*COLUMNS, *counters)
    compiler: SQLCompiler = rows.query.get_compiler(connection=connections["default"])
    return compiler
