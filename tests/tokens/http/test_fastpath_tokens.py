"""A stored response depends on the token that it was built for, and on no other token."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from catalog.db.snapshot import no_snapshot
from tests import world
from tests.tokens.http.fast_server import Server, without_ids
from tokens.auth import authentication
from tokens.auth.last_use import LAST_USE
from tokens.auth.token_rows import COLUMNS, DECIDING
from tokens.models import Token, TokenGroup

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sql]

ADDRESSES = ["/v1/models", "/v1/models/gpt-4o", "/api/token", "/api/authorize?model=gpt-4o"]
# What no response depends on, except that /api/token shows the first two.
SHOWN_ONLY = {"name", "last_used_at"}
UNUSED = {"pepper", "masked", "note", "metadata", "created_at", "updated_at"}


@pytest.mark.parametrize("path", ADDRESSES)
@pytest.mark.parametrize(
    "change",
    [
        lambda: Token.objects.issue("another", groups=[TokenGroup.objects.get()]),
        lambda: Token.objects.filter(name="other").update(enabled=False),
        lambda: Token.objects.get(name="other").groups.clear(),
        lambda: Token.objects.get(name="other").rotate(grace=dt.timedelta(days=1), at=timezone.now()),
        lambda: Token.objects.filter(name="other").delete(),
    ],
)
def test_a_change_of_another_token_invalidates_nothing(server: Server, path: str, change: Callable[[], Any]) -> None:
    world.model()
    key = world.key()
    world.token(name="other")
    first = server.get(key, path)

    change()

    assert without_ids(server.get(key, path)) == without_ids(first)
    assert server.by_django == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"enabled": False}, "401"),
        ({"expires_at": dt.datetime(2026, 1, 2, tzinfo=dt.UTC), "starts_at": None}, "401"),
        ({"starts_at": dt.datetime(2999, 1, 2, tzinfo=dt.UTC)}, "401"),
        ({"networks": ["10.0.0.0/8"]}, "403"),
    ],
)
@pytest.mark.parametrize("path", ADDRESSES)
def test_a_refused_key_is_refused_by_every_process(path: str, change: dict[str, Any], status: str) -> None:
    world.model()
    key = world.key()
    servers = [Server(), Server()]
    for server in servers:
        assert [server.get(key, path)[0][0] for _ in range(2)] == ["2", "2"]
        assert server.by_django == 1

    Token.objects.update(**change)

    assert [server.get(key, path)[0][:3] for server in servers] == [status] * 2
    for server in servers:
        server.close()


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_rotated_key_is_refused_by_every_process(path: str) -> None:
    world.model()
    token, key = world.token()
    servers = [Server(), Server()]
    assert {server.get(key, path)[0][0] for server in servers for _ in range(2)} == {"2"}

    token.rotate(grace=dt.timedelta(0), at=timezone.now())

    assert [server.get(key, path)[0][:3] for server in servers] == ["401"] * 2
    for server in servers:
        server.close()


def test_each_column_of_a_token_is_compared_or_shown_or_unused() -> None:
    columns = {
        field.attname if field.is_relation else field.name for field in Token._meta.get_fields() if field.concrete
    }
    columns = {
        "pk" if name == "id" else name.removesuffix("_id") if name == "first_group_id" else name for name in columns
    }

    assert columns == {*(name for name in COLUMNS if "__" not in name), *UNUSED}


def test_authentication_reads_no_column_that_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    read: set[str] = set()

    class Recording(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            read.add(name)
            return super().__getitem__(name)

    token, _ = world.token()
    build_row = authentication._row
    monkeypatch.setattr(authentication, "_row", lambda rows: Recording(build_row(rows)))

    row = authentication.row_of(token)
    scope = authentication.scope_of(row)
    authentication.build_caller(
        row | {"found_by": token.digest}, scope, token.digest, identity=None, is_lasting=True, at=timezone.now()
    )
    authentication.rate_of(row)

    # Made of compared columns, except for the counters.
    derived = {"group_rate_limits", "group_budgets", "counters", "found_by"}
    assert read - derived <= {*DECIDING, *SHOWN_ONLY}
    assert {"enabled", "allow", "networks", "rate_limit"} <= read


def test_the_key_of_a_token_shows_its_new_name_at_once(server: Server) -> None:
    key = world.key(name="old")
    assert b'"old"' in server.get(key, "/api/token")[2]
    assert b'"old"' in server.get(key, "/api/token")[2]

    Token.objects.update(name="new")

    assert b'"new"' in server.get(key, "/api/token")[2]
    assert server.by_django == 2


def test_a_new_name_does_not_invalidate_lists(server: Server) -> None:
    key = world.key(name="old")
    server.get(key)

    Token.objects.update(name="new", last_used_at=timezone.now(), note="x")

    server.get(key)
    assert server.by_django == 1


def test_a_request_with_several_keys_depends_on_all_tokens(server: Server) -> None:
    world.model()
    first, second = world.token(name="first")[1], world.token(name="second")[1]
    Token.objects.filter(name="first").update(enabled=False)
    assert [server.get(first, x_api_key=second)[0] for _ in range(2)] == ["200 OK"] * 2
    assert server.by_django == 1

    Token.objects.filter(name="first").update(enabled=True)

    server.get(first, x_api_key=second)
    assert server.by_django == 2


@pytest.mark.parametrize("kind", ["alone", "beside another key", "retired"])
def test_the_key_of_a_token_shows_its_last_use(server: Server, kind: str) -> None:
    token, key = world.token()
    headers = {"x_api_key": world.key()} if kind == "beside another key" else {}
    if kind == "retired":
        token.rotate(grace=dt.timedelta(days=1), at=timezone.now())
    assert [b'"last_used_at":null' in server.get(key, "/api/token", **headers)[2] for _ in range(2)] == [True] * 2

    LAST_USE.flush()

    assert b'"last_used_at":null' not in server.get(key, "/api/token", **headers)[2]


def test_a_retired_key_ends_at_once(server: Server) -> None:
    world.model()
    token, key = world.token()
    token.rotate(grace=dt.timedelta(days=1), at=timezone.now())
    assert [server.get(key)[0] for _ in range(2)] == ["200 OK"] * 2
    assert server.by_django == 1

    token.retired_keys.end(at=timezone.now())

    assert server.get(key)[0].startswith("401")


def test_a_response_is_stored_with_the_rows_that_it_was_built_from(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change between authentication and the end of the request must not be taken as seen."""
    world.model()
    token, key = world.token()
    original = authentication.scope_of

    def changing(row: Any) -> Any:
        scope = original(row)
        with no_snapshot():
            Token.objects.filter(pk=token.pk).update(deny=["*"])
        return scope

    monkeypatch.setattr(authentication, "scope_of", changing)
    assert b"gpt-4o" in server.get(key)[2]
    monkeypatch.undo()

    assert b"gpt-4o" not in server.get(key)[2]


def test_a_change_of_models_while_a_response_is_built_is_seen_by_the_next(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.model()
    key = world.key()
    original = authentication.scope_of

    def changing(row: Any) -> Any:
        with no_snapshot():
            world.model("new")
        return original(row)

    monkeypatch.setattr(authentication, "scope_of", changing)
    server.get(key)
    monkeypatch.undo()

    assert b'"new"' in server.get(key)[2]
    assert server.by_django == 2


def test_an_edit_that_rolls_back_changes_nothing(server: Server) -> None:
    world.model()
    key = world.key()
    server.get(key)
    with transaction.atomic():
        Token.objects.update(enabled=False)
        transaction.set_rollback(True)

    assert server.get(key)[0] == "200 OK"
    assert server.by_django == 1
