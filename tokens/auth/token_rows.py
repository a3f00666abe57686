"""How tokens are read: one query for authentication and the fast path, so that both decide by the same columns.

It also reads the counters of catalog/db/revision.py, so that both are from the same moment.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import F, Func, QuerySet, Subquery, TextField
from django.db.models.sql.compiler import SQLCompiler

from catalog.caches import process_cache
from catalog.db.revision import Counters
from catalog.models import Revision
from tokens.models import Token

# The columns of a budget that decide whether calls are allowed. They change if it is used up, not with every call.
BUDGET = ("budget_amount", "budget_currency", "budget_period", "spent_until", "warned_until")
# The columns that decide who the caller is, which models it can see, and whether it may call them.
DECIDING = (
    "pk", "key_id", "digest", "enabled", "starts_at", "expires_at", "networks", "allow", "deny", "rate_limit",
    "uses_auto_groups", "is_over_budget", "first_group", "groups", "groups__slug", "groups__rate_limit",
    *BUDGET, *(f"groups__{name}" for name in BUDGET),
)  # fmt: skip
# /api/token shows them; nothing else depends on them.
SHOWN = ("name", "last_used_at", "spent", "uncounted", "spent_since")
COLUMNS = (*DECIDING, *SHOWN)
# The column after them.
COUNTERS = "counters"

# One row as the database's driver returns it, without any conversion: on PostgreSQL in bytes.
RawRow = tuple[Any, ...]
# Place of a column -> its conversions and its expression.
Converters = Mapping[int, tuple[Sequence[Any], Any]]
Row = dict[str, Any]


@dataclass(frozen=True)
class TokenRows:
    """What is stored of a token: one row per group, as dicts and as the database returns them, and the counters.

    `raw` is empty if the rows were streamed.
    """

    rows: tuple[Row, ...]
    raw: tuple[RawRow, ...]
    counters: Counters


def read_tokens(tokens: QuerySet[Token]) -> Iterator[TokenRows]:
    """The rows of these tokens, read in one query."""
    compiler = _compiler(tokens)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:
        # The condition can match nothing.
        return
    yield from _read(sql, parameters, _converters(compiler))


def read_tokens_of(digests: Sequence[str]) -> Iterator[TokenRows]:
    """The rows of the tokens with these digests, read in one query.

    Every request does this, and composing the statement takes longer than its execution.
    """
    sql, converters = _compiled(len(digests))
    yield from _read(sql, digests, converters)


def stream_tokens(tokens: QuerySet[Token]) -> Iterator[TokenRows]:
    """The rows of these tokens, read in one query and not stored, without the raw rows."""
    compiler = _compiler(tokens)
    chunks = compiler.execute_sql(chunked_fetch=True)
    return _by_token((row, None) for chunk in chunks for row in _typed(chunk, _converters(compiler)))


def _read(sql: str, parameters: Sequence[Any], converters: Converters) -> Iterator[TokenRows]:
    with connections["default"].cursor() as cursor:
        cursor.execute(sql, parameters)
        raw_rows = read_raw(cursor.cursor.pgresult) if cursor.db.vendor == "postgresql" else None
        rows = cursor.fetchall()
    return _by_token(zip(_typed(rows, converters), raw_rows or rows, strict=True))


@process_cache(maxsize=32)
def _compiled(count: int) -> tuple[str, Converters]:
    """The statement that reads the tokens with so many digests, its parameters, and how its columns are converted."""
    compiler = _compiler(Token.objects.filter(digest__in=[str(number) for number in range(count)]))
    sql, _ = compiler.as_sql()
    return sql, _converters(compiler)


def _converters(compiler: SQLCompiler) -> Converters:
    """How the columns of a composed statement are converted."""
    converters: Converters = compiler.get_converters([column for column, _, _ in compiler.select])
    return converters


def _by_token(pairs: Iterable[tuple[Row, RawRow | None]]) -> Iterator[TokenRows]:
    for _, pairs_of_token in groupby(pairs, key=lambda pair: pair[0]["pk"]):
        rows, raw = zip(*pairs_of_token, strict=True)
        yield TokenRows(rows, tuple(row[: len(COLUMNS)] for row in raw if row), counters_of(rows[0][COUNTERS]))


def _typed(rows: Iterable[Sequence[Any]], converters: Converters) -> Iterator[Row]:
    """The rows as dicts, converted as their fields require."""
    connection = connections["default"]
    for row in rows:
        values = list(row)
        for place, (steps, column) in converters.items():
            for convert in steps:
                values[place] = convert(values[place], column, connection)
        yield dict(zip((*COLUMNS, COUNTERS), values, strict=True))


def read_raw(result: Any) -> list[RawRow]:
    """The rows of a result of PostgreSQL's own library, in bytes."""
    columns = range(result.nfields)
    return [tuple([result.get_value(row, column) for column in columns]) for row in range(result.ntuples)]


def split(raw: Sequence[RawRow]) -> tuple[tuple[RawRow, ...], Counters]:
    """The raw rows of one token without the counters, and the counters."""
    return tuple([row[: len(COLUMNS)] for row in raw]), counters_of(raw[0][len(COLUMNS)])


def counters_of(text: str | bytes | None) -> Counters:
    """The counters, which the query returns as numbers with spaces between them; 0 before the first change."""
    return Counters(*map(int, text.split())) if text else Counters()


def statement() -> str:
    """The SQL that reads the rows of one token; its only parameter is a digest."""
    sql, _ = _compiler(Token.objects.filter(digest="")).as_sql()
    return sql


def _compiler(tokens: QuerySet[Token]) -> SQLCompiler:
    # One subquery for all: each takes as long as the join of the groups.
    texts = Func(*map(F, Counters.__annotations__), template="%(expressions)s", arg_joiner=" || ' ' || ")
    texts.output_field = TextField()
    counters = Subquery(Revision.objects.values_list(texts)[:1])
    rows = tokens.order_by("pk", "groups").annotate(**{COUNTERS: counters}).values_list(*COLUMNS, COUNTERS)
    compiler: SQLCompiler = rows.query.get_compiler(connection=connections["default"])
    return compiler
