"""new-api's logs as usage events: docs/gateways/new-api/usage.*.sql."""

import json
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from pricing.usage.events import check_event
from tests.gateways.gateway import CONFIGURATIONS
from tests.mysql import throwaway_mysql

ANSWERED, FAILED = 2, 5
INSERT = "INSERT INTO logs VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
TABLES = (
    """CREATE TEMPORARY TABLE logs (
        id bigint PRIMARY KEY, created_at bigint, type bigint, token_id bigint, token_name varchar(100),
        model_name varchar(100), prompt_tokens bigint, completion_tokens bigint, other text
    )""",
    "CREATE TEMPORARY TABLE modelbook_keys (token_id bigint PRIMARY KEY, key_id varchar(20))",
    "INSERT INTO modelbook_keys VALUES (1, '4Zc0vXq1Lp')",
)
# As new-api of 2026-08-22 wrote them: the program's own counts, by format of the upstream's answer.
OPENAI = {"cache_ratio": 0.5, "cache_tokens": 30, "model_price": -1, "request_path": "/v1/chat/completions"}
CLAUDE = {"cache_creation_tokens": 3, "cache_tokens": 4, "cache_write_tokens": 3, "claude": True}
IMAGES = {"cache_tokens": 0, "image": True, "image_output": 40, "image_ratio": 2}
AUDIO = {"audio": True, "audio_input": 14, "audio_output": 6, "cache_tokens": 0, "text_input": 2, "text_output": 1}
SEARCH = {"cache_tokens": 0, "web_search": True, "web_search_call_count": 2, "web_search_price": 10}
# Type, token, model, prompt, completion, details; and the usage that they stand for.
CALLS: list[tuple[int, int, str, int, int, Any, dict[str, int] | None]] = [
    (ANSWERED, 1, "m-openai", 100, 20, OPENAI, {"input": 70, "input.cache_read": 30, "output": 20}),
    (ANSWERED, 1, "m-claude", 10, 7, CLAUDE, {"input": 10, "input.cache_read": 4, "input.cache_write": 3, "output": 7}),
    (ANSWERED, 1, "m-images", 50, 9, IMAGES, {"input": 10, "input.image": 40, "output": 9}),
    (ANSWERED, 1, "m-audio", 16, 7, AUDIO, {"input": 2, "input.audio": 14, "output": 1, "output.audio": 6}),
    (ANSWERED, 1, "m-search", 5, 6, SEARCH, {"input": 5, "output": 6, "web_search": 2}),
    (ANSWERED, 1, "m-embedding", 5, 0, {}, {"input": 5}),
    (ANSWERED, 1, "m-by-call", 0, 0, "", {"request": 1}),
    (ANSWERED, 2, "m-other-token", 1, 1, {}, {"input": 1, "output": 1}),
    (FAILED, 1, "m-failed", 100, 0, {"error_code": "bad_response"}, None),
]


def rows(at: int) -> list[tuple[Any, ...]]:
    read = [
        (number, at, kind, token, f"name-{token}", model, prompt, completion, json.dumps(other) if other else "")
        for number, (kind, token, model, prompt, completion, other, _) in enumerate(CALLS, 1)
    ]
    return [*read, (99, at - 2 * 86_400, ANSWERED, 1, "name-1", "m-old", 1, 1, "")]


def checked(bodies: Sequence[Any], *, at: int) -> None:
    """The bodies have every answered call of the last day once, and Modelbook accepts them."""
    (body,) = (json.loads(body) for body in bodies)
    events = {event["model"]: event for event in body["events"]}
    assert [event["usage"] for event in body["events"]] == [usage for *_, usage in CALLS if usage]
    assert events["m-openai"]["id"] == f"new-api-1-{at}"
    assert events["m-openai"]["at"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    assert {event["key_id"] for event in body["events"]} == {"4Zc0vXq1Lp", "name-2"}
    for event in body["events"]:
        check_event(event, at=timezone.now())


@pytest.mark.django_db
def test_the_logs_of_new_api_become_events() -> None:
    """In SQLite or PostgreSQL: each run of the tests has one of them."""
    database = {"sqlite": "sqlite", "postgresql": "postgres"}[connection.vendor]
    at = int(time.time()) - 3600
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(table)
        cursor.executemany(INSERT, rows(at))
        # Not Django's cursor, to which a percent sign means a parameter.
        cursor.cursor.execute((CONFIGURATIONS / "new-api" / f"usage.{database}.sql").read_text())
        bodies = [body if isinstance(body, str) else json.dumps(body) for (body,) in cursor.fetchall()]
        for name in ("logs", "modelbook_keys"):
            cursor.execute(f"DROP TABLE {name}")

    checked(bodies, at=at)


def test_the_logs_of_new_api_in_mysql_become_events() -> None:
    import pymysql

    at = int(time.time()) - 3600
    with throwaway_mysql() as port, closing(pymysql.connect(host="127.0.0.1", port=port, user="root")) as database:
        cursor = database.cursor()
        cursor.execute("CREATE DATABASE new_api")
        database.select_db("new_api")
        cursor.execute("SET time_zone = '+08:00'")
        for table in TABLES:
            cursor.execute(table.replace("TEMPORARY ", ""))
        cursor.executemany(INSERT, rows(at))
        cursor.execute((CONFIGURATIONS / "new-api" / "usage.mysql.sql").read_text())
        bodies = [body for (body,) in cursor.fetchall()]

    checked(bodies, at=at)
