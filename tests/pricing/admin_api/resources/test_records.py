"""History, health checks and usage by the management API: read-only, as far as the operator may view."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User

from pricing.models import UsageCount
from tests import world

pytestmark = pytest.mark.django_db

ROOT = "/api/admin/v1"


def test_the_history_names_the_operator_the_key_and_the_reason(api: Any) -> None:
    headers = {"X-Change-Reason": "contract 17"}
    vendor = api.post(f"{ROOT}/vendors", {"slug": "acme", "name": "Acme"}, headers=headers)
    api.patch(vendor["Location"], {"name": "Acme AI"})
    world.vendor("other")

    def actions(query: str) -> list[str]:
        answer = api.get(f"{ROOT}/history?kind=catalog.vendor&{query}")
        assert answer.status_code == 200, answer.content
        return [entry["action"] for entry in answer.json()["results"] if "acme" in entry["name"].lower()]

    newest, first = api.get(f"{ROOT}/history?kind=catalog.vendor&name__icontains=acme").json()["results"]
    assert (newest["action"], newest["changes"]["name"]) == ("changed", ["Acme", "Acme AI"])
    assert (first["action"], first["reason"]) == ("created", "contract 17")
    assert first["actor"].startswith("alice, with the admin key ")
    assert actions(f"request_id={first['request_id']}") == ["created"]
    assert actions(f"object_key={first['object_key']}") == actions("actor__icontains=alice") == ["changed", "created"]
    assert actions("action=changed") == ["changed"]
    assert actions(f"since={newest['at']}") == ["changed"]
    assert actions(f"until={newest['at']}") == ["created"]
    assert actions(f"created_since={newest['at']}") == ["changed"]
    assert api.get(f"{ROOT}/history/{first['id']}").json() == first
    for query in ("since=soon", "actors=x"):
        assert api.get(f"{ROOT}/history?{query}").status_code == 400
    assert api.delete(f"{ROOT}/history/{first['id']}").status_code == 405


def test_health_checks_are_those_of_the_command(api: Any) -> None:
    world.token("nowhere", name="Acme")

    answer = api.get(f"{ROOT}/health-checks")

    rules = {rule["rule"]: rule for rule in answer.json()["results"]}
    assert answer.json()["next"] is None
    assert all({"title", "remedy", "findings"} <= set(rule) for rule in rules.values())
    name, rule = next((name, rule) for name, rule in rules.items() if "Acme" in str(rule["findings"]))
    assert api.get(f"{ROOT}/health-checks/{name}").json() == rule
    assert api.get(f"{ROOT}/health-checks/nothing").status_code == 404
    assert api.get(f"{ROOT}/health-checks?x=1").status_code == 400


def test_health_checks_are_read_like_other_lists(api: Any) -> None:
    world.token("nowhere", name="Acme")
    world.model("gpt-4o", on=None)
    address = f"{ROOT}/health-checks"
    whole = api.get(address)
    names = [row["rule"] for row in whole.json()["results"]]
    assert names == sorted(names)
    assert len(names) > 1

    for order, expected in (("rule", names), ("-rule", names[::-1])):
        found, cursor = list[str](), None
        while not found or cursor:
            page = api.get(address, {"limit": 1, "ordering": order} | ({"cursor": cursor} if cursor else {})).json()
            found, cursor = found + [row["rule"] for row in page["results"]], page["next"]
        assert found == expected
    assert api.get(address, {"fields": "rule", "limit": 1}).json()["results"] == [{"rule": names[0]}]
    assert api.get(address, {"updated_since": "2026-01-01"}).json() == whole.json()
    assert api.get(address, {"created_since": "2099-01-01"}).json()["results"] == []
    for wrong in ({"limit": 0}, {"cursor": "x"}, {"ordering": "x"}, {"fields": "x"}, {"created_since": "x"}):
        assert api.get(address, wrong).status_code == 400
    for url in (address, f"{address}/{names[0]}"):
        first = api.get(url)
        assert api.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_usage_is_listed_by_model_and_day(api: Any) -> None:
    model = world.model("gpt-4o")
    for day in (1, 2):
        UsageCount.objects.create(
            model=model, name="gpt-4o", day=dt.date(2026, 11, day), reporter="gw", requests=day, tokens=100
        )
    UsageCount.objects.create(model=None, name="unknown", day=dt.date(2026, 11, 2), reporter="gw", requests=9)

    def requests(query: str) -> list[int]:
        return [row["requests"] for row in api.get(f"{ROOT}/usage?{query}").json()["results"]]

    assert requests("model=gpt-4o") == [2, 1]
    assert requests("day__gte=2026-11-02&ordering=name") == [2, 9]
    row = api.get(f"{ROOT}/usage?name=unknown").json()["results"][0]
    assert (row["model"], row["day"], row["tokens"]) == (None, "2026-11-02", 0)
    assert api.get(f"{ROOT}/usage/{row['id']}").json()["name"] == "unknown"
    assert requests("created_since=2026-11-02&model=gpt-4o") == requests("updated_since=2026-11-02&model=gpt-4o") == [2]


def test_an_operator_reads_what_the_role_permits(api_as: Callable[..., Any]) -> None:
    support = User.objects.create_user("sue", is_staff=True)
    support.groups.add(Group.objects.get(name="Support"))
    world.token("nowhere", name="Acme")
    api = api_as(support, "read")

    assert api.get(f"{ROOT}/history").status_code == 403
    rules = api.get(f"{ROOT}/health-checks").json()["results"]
    assert not any("price" in finding["kind"].lower() for rule in rules for finding in rule["findings"])
