"""/livez and /readyz: the probes of the platform."""

from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests import world

pytestmark = pytest.mark.sql


def test_livez_does_not_query_the_database(client: Client) -> None:
    answer = client.get("/livez")  # without the database fixture a query would fail this test

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_when_the_database_has_every_table(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert client.get("/readyz").status_code == 200
    with django_assert_num_queries(1):  # the peppers that keys are stored under
        client.get("/readyz")


@pytest.mark.django_db
def test_not_ready_while_a_migration_waits(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'catalog'")

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "migrate" in answer.json()["problem"]


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("host=db password=x"), InterfaceError("the connection is closed")])
def test_not_ready_while_the_database_does_not_answer(
    client: Client, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(connection, "cursor", refuse)

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()["problem"]) == (503, "The database does not answer.")


@pytest.mark.django_db
def test_a_probe_by_address_is_answered_whatever_hosts_are_allowed(client: Client, settings: object) -> None:
    settings.ALLOWED_HOSTS = ["models.example.com"]  # type: ignore[attr-defined]

    assert client.get("/readyz", headers={"host": "10.0.0.7:8000"}).status_code == 200


@pytest.mark.django_db
def test_not_ready_while_keys_are_stored_under_another_secret(client: Client, settings: Any) -> None:
    settings.TOKEN_PEPPERS = {1: "first pepper of the test"}
    world.token()
    assert client.get("/readyz").status_code == 200

    settings.TOKEN_PEPPERS = {1: "mistyped pepper of the test"}

    assert client.get("/readyz").status_code == 503
    assert "The secret of pepper 1 in TOKEN_PEPPERS" in client.get("/readyz").json()["problem"]
