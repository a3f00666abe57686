"""Small gateways for tests: the programs' real columns, invented rows, in SQLite or PostgreSQL."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

Rows = Mapping[str, list[Mapping[str, Any]]]

ONE_HUB = {
    "channels": "id type key status name weight created_time test_time response_time base_url other balance "
    "balance_updated_time models group tag used_quota model_mapping model_headers custom_parameter priority proxy "
    "test_model only_chat pre_cost compatible_response allow_extra_body disabled_stream plugin deleted_at",
    "tokens": "id user_id key status name created_time accessed_time expired_time remain_quota unlimited_quota "
    "used_quota group backup_group deleted_at setting",
    "users": "id username password display_name role status email quota used_quota request_count group created_time "
    "deleted_at",
    "user_groups": "id symbol name ratio api_rate public promotion min max enable",
    "prices": "model type channel_type input output locked extra_ratios",
    "model_info": "id model name description context_length max_tokens input_modalities output_modalities tags "
    "support_url created_at updated_at",
    "model_owned_by": "id name icon",
    "options": "key value",
    "migrations": "id",
}
COLUMNS = {
    "one-hub": ONE_HUB,
    "done-hub": ONE_HUB
    | {
        "channels": f"{ONE_HUB['channels']} header_override pass_through_body cost_ratio",
        "users": f"{ONE_HUB['users']} linuxdo_id used_invite_code",
        "user_groups": f"{ONE_HUB['user_groups']} description",
        "prices": f"{ONE_HUB['prices']} long_context",
    },
    "one-api": {
        "channels": "id type key status name weight base_url models group model_mapping priority config",
        "tokens": "id user_id key status name accessed_time expired_time remain_quota unlimited_quota models subnet",
        "abilities": "group model channel_id enabled priority",
        "options": "key value",
        "users": "id username group quota status role",
    },
    "new-api": {
        "channels": "id type key status name weight base_url models group model_mapping priority tag channel_info "
        "remark",
        "tokens": "id user_id key status name accessed_time expired_time remain_quota unlimited_quota "
        "model_limits_enabled model_limits allow_ips group deleted_at",
        "abilities": "group model channel_id enabled priority weight tag",
        "options": "key value",
        "users": "id username group quota status role deleted_at",
        "models": "id model_name description icon tags vendor_id endpoints status name_rule deleted_at metadata",
        "vendors": "id name description icon status deleted_at",
    },
}
COLUMNS["Veloera"] = COLUMNS["new-api"] | {"channels": COLUMNS["new-api"]["channels"] + " model_prefix"}
COLUMNS["new-api of August"] = COLUMNS["new-api"] | {
    "tokens": COLUMNS["new-api"]["tokens"] + " model_blacklist_enabled model_blacklist device_id_hash",
    "users": COLUMNS["new-api"]["users"] + " email email_verified_at",
}
NUMBERS = {
    "id", "type", "status", "weight", "priority", "user_id", "accessed_time", "expired_time", "remain_quota",
    "unlimited_quota", "model_limits_enabled", "channel_id", "enabled", "quota", "role", "vendor_id", "name_rule",
    "created_time", "used_quota", "api_rate", "public", "promotion", "min", "max", "enable", "channel_type", "locked",
    "context_length", "max_tokens",
    "model_blacklist_enabled", "email_verified_at",
}  # fmt: skip
REALS = {"input": "double precision", "output": "double precision", "ratio": "decimal(10,2)"}
CHANNEL = {"type": 1, "key": "upstream-secret-0000", "status": 1, "group": "default", "priority": 0, "weight": 0}
TOKEN = {"user_id": 1, "status": 1, "expired_time": -1, "unlimited_quota": 1, "remain_quota": 0}


def key(number: int) -> str:
    """A key in the gateways' form: 48 letters and digits, without sk-."""
    return f"madeup{number:042d}"


def channel(number: int, models: str, **fields: Any) -> dict[str, Any]:
    return {**CHANNEL, "id": number, "name": f"Channel {number}", "models": models, **fields}


def token(number: int, **fields: Any) -> dict[str, Any]:
    return {**TOKEN, "id": number, "key": key(number), "name": f"token {number}", **fields}


def option(name: str, value: Any) -> dict[str, Any]:
    return {"key": name, "value": value if isinstance(value, str) else json.dumps(value)}


def user(number: int, group: str = "default", **fields: Any) -> dict[str, Any]:
    return {"id": number, "username": f"user{number}", "group": group, "status": 1, **fields}


def price(model: str, of_input: float, of_output: float, **fields: Any) -> dict[str, Any]:
    """A row of one-hub's and done-hub's table of prices."""
    stored = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in fields.items()}
    return {"model": model, "type": "tokens", "channel_type": 1, "input": of_input, "output": of_output, **stored}


def group(number: int, symbol: str, ratio: float = 1, **fields: Any) -> dict[str, Any]:
    """A row of one-hub's and done-hub's table of groups."""
    common = {"id": number, "symbol": symbol, "name": symbol.title(), "ratio": ratio, "api_rate": 600}
    return {**common, "public": 1, "enable": 1, **fields}


def statements(dialect: str) -> Iterator[str]:
    for table, columns in COLUMNS[dialect].items():
        types = {name: "bigint" if name in NUMBERS else REALS.get(name, "text") for name in columns.split()}
        if table == "migrations":
            types["id"] = "text"
        listed = ", ".join(f'"{name}" {type_name}' for name, type_name in types.items())
        yield f'CREATE TABLE "{table}" ({listed})'


def inserts(rows: Rows, mark: str) -> Iterator[tuple[str, list[Any]]]:
    for table, entries in rows.items():
        for entry in entries:
            columns = ", ".join(f'"{name}"' for name in entry)
            statement = f'INSERT INTO "{table}" ({columns}) VALUES ({", ".join([mark] * len(entry))})'  # noqa: S608
            yield statement, list(entry.values())


def sqlite_gateway(folder: Path, dialect: str, **rows: list[Mapping[str, Any]]) -> Path:
    """A gateway's SQLite file with these rows."""
    file = folder / f"{dialect}.db"
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as database, database:
        for statement in statements(dialect):
            database.execute(statement)
        for statement, values in inserts(rows, "?"):
            database.execute(statement, values)
    return file


@contextmanager
def postgres_gateway(dialect: str, **rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """A new schema in the tests' PostgreSQL; yields its address. Skips if the tests run on SQLite."""
    import os
    import uuid

    import psycopg

    if connection.vendor != "postgresql":
        pytest.skip("the tests run on SQLite")
    url, schema = os.environ["DATABASE_URL"], f"gateway_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(f'CREATE SCHEMA "{schema}"')
        database.execute(f'SET search_path = "{schema}"')
        for statement in statements(dialect):
            database.execute(statement)
        for statement, values in inserts(rows, "%s"):
            database.execute(statement, values)
        try:
            yield f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{schema}"
        finally:
            database.execute(f'DROP SCHEMA "{schema}" CASCADE')
