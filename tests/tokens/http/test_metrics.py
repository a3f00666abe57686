"""/metrics: the metrics, their labels, and the token that protects them."""

from collections.abc import Iterable
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from catalog.models import Source
from pricing.usage.spending import Cost, record
from tokens.http.fastpath import FastPath
from tokens.http.metrics import MeteredApplication, area_of, exposition, metered
from tokens.metric_counters import ERRORS

TOKEN = "a-token-of-the-monitoring"


def figures(body: bytes) -> dict[str, float]:
    """`name{label="value"}` -> its number, as a Prometheus reads them."""
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def application(environ: Any, start_response: Any) -> Iterable[bytes]:
    start_response("404 Not Found", [])
    return [b""]


def ask(path: str, *, method: str = "GET", authorization: str = f"Bearer {TOKEN}") -> tuple[str, bytes]:
    statuses: list[str] = []
    environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "HTTP_AUTHORIZATION": authorization}
    body = b"".join(
        MeteredApplication(FastPath(application), TOKEN)(environ, lambda status, *_: statuses.append(status))
    )
    return statuses[0], body


@pytest.mark.django_db
def test_requests_are_counted_by_area_method_and_status() -> None:
    key = "modelbook_requests_total[('area', 'models'), ('method', 'other'), ('status', '404')]"
    before = figures(exposition()).get(key, 0)

    ask("/v1/models/with/any/id", method="BREW")
    ask("/v1/models", method="BREW")

    values = figures(ask("/metrics")[1])
    assert values[key] == before + 2
    assert values["modelbook_request_seconds_count[('area', 'models')]"] >= 2


def test_clients_cannot_create_labels() -> None:
    assert area_of("/v1/models/x") == "models"
    assert area_of("//api/pricing") == "api"
    assert area_of("/") == "pages"
    assert {area_of(f"/made-up-{number}") for number in range(50)} == {"other"}


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer another", f"bearer {TOKEN}", TOKEN, "Bearer \xe9"])
def test_the_metrics_need_the_token(authorization: str) -> None:
    status, body = ask("/metrics", authorization=authorization)

    assert status == "401 Unauthorized"
    assert TOKEN.encode() not in body


def test_without_a_token_the_address_does_not_exist(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    handler = FastPath(WSGIHandler())

    assert metered(handler) is handler
    assert client.get("/metrics").status_code == 404


@pytest.mark.django_db
def test_errors_are_counted_by_their_code(client: Client) -> None:
    counter = ERRORS.labels("invalid_api_key")
    before = counter._value.get()

    client.get("/v1/models", headers={"authorization": "Bearer sk-nobody-has-this-key"})

    assert counter._value.get() == before + 1


def test_budgets_are_counted_by_their_state(world: ModuleType) -> None:
    team = world.token_group("team", budget_amount=Decimal(2))
    tokens = [world.token(name=name, budget_amount=Decimal(1))[0] for name in "ab"]
    now = timezone.now()
    spent = Cost(tokens[0].pk, team.pk, now, Decimal("1.2"), "USD")
    record([spent, Cost(tokens[1].pk, team.pk, now, Decimal("0.8"), "USD"), Cost(tokens[1].pk, None, now, None)])

    values = figures(exposition())

    budgets = {
        (of, state): values[f"modelbook_budgets[('of', '{of}'), ('state', '{state}')]"]
        for of in ("token", "group")
        for state in ("used_up", "nearly_used_up", "with_unknown_costs")
    }
    assert budgets == {
        ("token", "used_up"): 1, ("token", "nearly_used_up"): 1, ("token", "with_unknown_costs"): 1,
        ("group", "used_up"): 1, ("group", "nearly_used_up"): 0, ("group", "with_unknown_costs"): 0,
    }  # fmt: skip


def test_figures_of_the_catalog_are_reported(world: ModuleType) -> None:
    world.model("one")
    world.model("two", status="draft")
    Source.objects.create(
        slug="models_dev", name="models.dev", url="https://example.com/", sync=True, error="HTTP 500."
    )

    world.delivery()
    world.delivery(state="dead", next_attempt_at=None)

    values = figures(exposition())

    assert values["modelbook_up[]"] == 1
    assert values["modelbook_deliveries[('state', 'pending')]"] == 1
    assert values["modelbook_deliveries[('state', 'dead')]"] == 1
    assert 0 < values["modelbook_delivery_oldest_seconds[]"] < 300
    assert values["modelbook_models[('status', 'published')]"] == values["modelbook_models[('status', 'draft')]"] == 1
    assert values["modelbook_source_failing[('source', 'models_dev')]"] == 1
    assert values["modelbook_revision[]"] > 0


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_reported_without_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def down() -> int:
        raise OperationalError("gone")

    monkeypatch.setattr("catalog.db.revision.current", down)

    values = figures(exposition())

    assert values["modelbook_up[]"] == 0
    assert "modelbook_revision[]" not in values
