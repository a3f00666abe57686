"""Fifty programs write at once: no change is lost, and none fails except while it waits for the lock of others."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from catalog.audit.verification import verify
from catalog.models import Vendor
from tests import world
from tokens.models import Token

pytestmark = [
    pytest.mark.sql,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer."),
]

WRITERS = 50
ROWS = 5
TOKENS = "/api/admin/v1/tokens"
VENDORS = "/api/admin/v1/vendors"


class Program:
    """One of the programs: it repeats a request that was answered with 503, and counts all other statuses."""

    def __init__(self, number: int, key: str, statuses: Counter[tuple[str, int]]) -> None:
        self.number = number
        self.statuses = statuses
        self.client: Any = APIClient(raise_request_exception=False, headers={"Authorization": f"Bearer {key}"})

    def send(self, method: str, address: str, body: Any = None, **headers: str) -> Any:
        while True:
            response = self.client.generic(method, address, *encoded(body), headers=headers)
            self.statuses[method, response.status_code] += 1
            if response.status_code != 503:
                return response
            assert int(response["Retry-After"]) >= 1
            time.sleep(0.05)

    def count_up(self, address: str) -> None:
        """Adds one to the number in a description, and reads the row again if somebody else was faster."""
        while True:
            read = self.send("GET", address)
            number = int(read.json()["description"]) + 1
            headers = {"If-Match": read["ETag"]}
            if self.send("PATCH", address, {"description": str(number)}, **headers).status_code == 200:
                return

    def work(self) -> None:
        row = f"{VENDORS}/row-{self.number % ROWS}"
        self.count_up(row)
        shared = {"slug": f"shared-{self.number % 3}", "name": f"Shared {self.number % 3}"}
        self.send("POST", VENDORS, shared)
        self.send("POST", VENDORS, {"slug": "once", "name": "Once"}, **{"Idempotency-Key": "the same"})
        # Two rows in two orders, which would be a deadlock without the queue of writers.
        rows = [{"slug": f"pair-{name}", "name": f"{name}{self.number}"} for name in ("a", "b")]
        self.send("POST", f"{VENDORS}/batch", rows if self.number % 2 else rows[::-1])
        self.send("DELETE", f"{VENDORS}/{shared['slug']}")
        self.rotate()

    def rotate(self) -> None:
        """Gives a token a new key, by the id of its current one; somebody else may have been faster."""
        address = f"{TOKENS}?fields=key_id&name=token-{self.number % ROWS}"
        while True:
            key_id = self.send("GET", address).json()["results"][0]["key_id"]
            response = self.send("POST", f"{TOKENS}/{key_id}/rotate", {"grace": "0"})
            if response.status_code == 200:
                return
            assert response.status_code in {404, 409}


def encoded(body: Any) -> tuple[Any, ...]:
    return () if body is None else (json.dumps(body), "application/json")


@pytest.fixture
def start(copied_database: None) -> Callable[[Callable[[int], None]], None]:
    """Runs a function in each of the threads at once."""

    def run(work: Callable[[int], None]) -> None:
        barrier, errors = threading.Barrier(WRITERS), list[BaseException]()

        def one(number: int) -> None:
            try:
                barrier.wait()
                work(number)
            except BaseException as error:  # noqa: BLE001 (the test raises it)
                errors.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=one, args=(number,)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    return run


def test_fifty_writers_lose_no_change(start: Callable[[Callable[[int], None]], None]) -> None:
    _, key = world.admin_key("catalog", "tokens")
    for number in range(ROWS):
        Vendor.objects.create(slug=f"row-{number}", name=f"Row {number}", description="0")
        world.token(name=f"token-{number}")
    statuses = Counter[tuple[str, int]]()

    start(lambda number: Program(number, key, statuses).work())

    counted = Vendor.objects.filter(slug__startswith="row-").values_list("description", flat=True)
    assert list(counted) == [str(WRITERS // ROWS)] * ROWS
    assert {status for _, status in statuses} <= {200, 201, 204, 400, 404, 409, 412, 503}
    assert Vendor.history.filter(slug="once").count() == 1
    # Nobody sees one row of a batch without the other.
    pairs = dict(Vendor.objects.filter(slug__startswith="pair-").values_list("slug", "name"))
    assert pairs["pair-a"][1:] == pairs["pair-b"][1:]
    assert Token.history.filter(history_type="~").count() == WRITERS
    assert verify().fault is None
