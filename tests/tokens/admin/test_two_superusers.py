"""Two superusers who deactivate each other at the same moment: one stays."""

from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from catalog.models import Revision
from tests.admin_world import filled_in

pytestmark = [
    pytest.mark.sql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer."),
]


@pytest.mark.parametrize("how", ["action", "form"])
def test_one_of_them_stays(how: str) -> None:
    # Tests with transactions empty the table, whose row is the lock.
    Revision.objects.get_or_create(pk=1)
    people = [User.objects.create_superuser(name, password="x") for name in ("ann", "bob")]
    clients = [Client() for _ in people]
    requests: list[tuple[str, dict[str, Any]]] = []
    for client, person, other in zip(clients, people, reversed(people), strict=True):
        client.force_login(person)
        page = f"/admin/auth/user/{other.pk}/change/"
        requests.append(
            (page, {name: value for name, value in filled_in(client, page).items() if name != "is_superuser"})
            if how == "form"
            else ("/admin/auth/user/", {"action": "deactivate", "_selected_action": [other.pk]})
        )
    start = Barrier(2)

    def send(client: Client, page: str, fields: dict[str, Any]) -> None:
        start.wait()
        client.post(page, fields)
        connection.close()

    threads = [Thread(target=send, args=(client, *sent)) for client, sent in zip(clients, requests, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert User.objects.filter(is_active=True, is_superuser=True, is_staff=True).count() == 1
