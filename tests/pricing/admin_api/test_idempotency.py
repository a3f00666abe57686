"""A repeat of a POST with its Idempotency-Key gets the first response, for one day."""

from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User

from catalog.db import revision
from catalog.models import Vendor
from pricing.admin_api.idempotency import without_secrets
from pricing.models import StoredResponse
from tests import world

pytestmark = pytest.mark.django_db

VENDORS = "/api/admin/v1/vendors"
ACME = {"slug": "acme", "name": "Acme"}


def send(api: Any, body: Any, *, address: str = VENDORS, key: str = "one") -> Any:
    return api.post(address, body, headers={"Idempotency-Key": key})


def test_a_repeat_is_another_request_after_a_day(api: Any) -> None:
    with time_machine.travel("2026-11-01T00:00:00Z", tick=False):
        assert send(api, ACME).status_code == 201
    Vendor.objects.get(slug="acme").delete()
    with time_machine.travel("2026-11-01T23:59:59Z", tick=False):
        assert send(api, ACME)["Idempotent-Replayed"] == "true"
    with time_machine.travel("2026-11-02T00:00:01Z", tick=False):
        again = send(api, ACME)
    assert (again.status_code, "Idempotent-Replayed" in again) == (201, False)
    assert StoredResponse.objects.count() == 1


def test_a_refusal_is_repeated_and_stores_nothing_else(api: Any) -> None:
    first = send(api, {"slug": "a b", "name": "A"})
    again = send(api, {"slug": "a b", "name": "A"})

    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (400, 400, "true")
    assert (again.json(), again["Content-Type"]) == (first.json(), "application/problem+json")


def test_other_addresses_and_other_admin_keys_have_responses_of_their_own(api: Any, api_as: Any) -> None:
    send(api, ACME)

    batch = send(api, [{"slug": "b", "name": "B"}], address=f"{VENDORS}/batch")
    other = send(api_as(User.objects.create_superuser("eve")), ACME)

    assert (batch.status_code, "Idempotent-Replayed" in batch) == (201, False)
    assert (other.status_code, "Idempotent-Replayed" in other) == (400, False)


def test_a_failure_is_not_stored(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a fault")

    api.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(Vendor, "save", fail)
        failed = send(api, ACME)

    assert (failed.status_code, failed["Content-Type"]) == (500, "application/problem+json")
    assert "fault" not in failed.content.decode()
    assert send(api, ACME).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_wrong_key_is_refused(api: Any, key: str) -> None:
    assert send(api, ACME, key=key).status_code == 400


def test_secrets_are_not_stored() -> None:
    assert without_secrets([{"key": "k", "name": "n"}], ["key"]) == [{"key": None, "name": "n"}]


def test_responses_do_not_raise_the_revision(api: Any) -> None:
    world.vendor("acme")
    before = revision.read()
    assert send(api, {"slug": "a b", "name": "A"}).status_code == 400

    assert revision.read() == before


def test_a_dry_run_stores_no_response(api: Any) -> None:
    for _ in range(2):
        response = send(api, ACME, address=f"{VENDORS}?dry_run=1")
        assert (response.status_code, "Idempotent-Replayed" in response) == (200, False)

    assert not StoredResponse.objects.exists()
    assert send(api, ACME, address=f"{VENDORS}?dry_run=1", key="").status_code == 400
