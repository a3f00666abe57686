"""Tokens by the management API: a shop's day in plain HTTP, and what each change does to the customer's key."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from catalog.models import AuditEntry
from pricing.models import UsageEvent
from pricing.usage.spending import Cost, record
from tests import world
from tokens import keys
from tokens.models import OperatorGroups, RetiredKey, Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

TOKENS = "/api/admin/v1/tokens"


def listed(key: str) -> list[str] | int:
    """What the holder of the key gets from /v1/models: ids, or the status of the refusal."""
    answer = Client().get("/v1/models", headers={"authorization": f"Bearer {key}"})
    return [row["id"] for row in answer.json()["data"]] if answer.status_code == 200 else answer.status_code


def issued(api: Any, **fields: Any) -> dict[str, Any]:
    answer = api.post(TOKENS, {"name": "Acme", **fields})
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def refused(answer: Any) -> dict[str, str]:
    """Field -> message of a response 400."""
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json"), answer.content
    return {error["field"]: error["message"] for error in answer.json()["errors"]}


def said() -> list[tuple[str, str, str]]:
    entries = AuditEntry.objects.filter(kind="tokens.token").order_by("pk")
    return [(entry.action, entry.detail.partition(" until")[0], entry.actor) for entry in entries]


def test_a_shop_signs_a_customer_up_limits_rotates_and_revokes_the_key(api: Any) -> None:
    for name in ("gpt-4o", "claude-opus"):
        world.model(name)
    new = issued(api, allow=["gpt-*"], rate_limit="600/minute", networks=["127.0.0.0/8"], note="signed up",
        budget={"amount": "5", "currency": "USD", "period": "month"}, metadata={"customer": 42})  # fmt: skip
    key, address = new["key"], f"{TOKENS}/{new['key_id']}"
    assert keys.SHAPE.fullmatch(key)
    assert (new["groups"], new["state"], new["spent"], new["left"]) == (["default"], "valid", "0", "5")
    assert new["sees"] == {"visible": 1, "published": 2, "problems": []}
    assert listed(key) == ["gpt-4o"]

    assert api.patch(address, {"allow": None, "budget": {"amount": "10.50"}}).json()["budget"] == {
        "amount": "10.5", "currency": "USD", "period": "month",
    }  # fmt: skip
    assert sorted(listed(key)) == ["claude-opus", "gpt-4o"]  # type: ignore[arg-type]
    assert api.patch(f"{address}?accept_loss=1", {"allow": []}).status_code == 200
    assert listed(key) == []
    assert api.patch(address, {"allow": None, "budget": None, "enabled": False}).json()["budget"] is None
    assert listed(key) == 401
    api.patch(address, {"enabled": True})

    rotated = api.post(f"{address}/rotate", {"grace": "1h"}).json()
    assert set(rotated) == {"key_id", "key", "previous_key_id", "previous_key_ends_at"}
    assert rotated["previous_key_id"] == new["key_id"] != rotated["key_id"]
    assert len(listed(key)) == len(listed(rotated["key"])) == 2  # type: ignore[arg-type]
    assert abs(RetiredKey.objects.get().valid_until - timezone.now() - dt.timedelta(hours=1)) < dt.timedelta(minutes=1)
    assert api.post(f"{address}/revoke").status_code == 200
    assert (listed(key), len(listed(rotated["key"]))) == (401, 2)  # type: ignore[arg-type]
    address = f"{TOKENS}/{rotated['key_id']}"
    assert api.post(f"{address}/revoke").json()["state"] == "disabled"
    assert listed(rotated["key"]) == 401

    words = [word for word, *_ in said()]
    assert words == ["issued", "changed", "changed", "changed", "enabled", "rotated", "revoked", "revoked"]
    assert all(actor.startswith("alice, with the admin key ") for *_, actor in said())
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    secrets = key.rpartition("_")[2], rotated["key"].rpartition("_")[2]
    assert not any(secret in str(list(AuditEntry.objects.values())) for secret in secrets)


def test_a_response_never_has_a_digest_and_only_the_first_one_has_the_key(api: Any) -> None:
    headers = {"Idempotency-Key": "sign-up-42"}
    first = api.post(TOKENS, {"name": "Acme"}, headers=headers)
    again = api.post(TOKENS, {"name": "Acme"}, headers=headers)

    assert (again.status_code, again["Idempotent-Replayed"], again["Location"]) == (201, "true", first["Location"])
    assert again.json() == {**first.json(), "key": None}
    token = Token.objects.get()
    rotation = f"{first['Location']}/rotate"
    rotated, repeated = (api.post(rotation, {}, headers=headers).json() for _ in range(2))
    assert repeated == {**rotated, "key": None}
    assert api.post(rotation).status_code == 409
    bodies = [first, again, api.get(TOKENS), api.get(first["Location"])]
    assert not any(secret in body.content.decode() for body in bodies for secret in ("digest", "pepper", token.digest))
    assert rotated["key"] not in api.get(TOKENS).content.decode()


def test_a_dry_run_issues_no_key(api: Any) -> None:
    answer = api.post(f"{TOKENS}?dry_run=1", {"name": "Acme", "allow": ["nothing-*"]})

    assert answer.status_code == 200
    assert answer.json()["result"]["key"] is None
    assert "`nothing-*` matches nothing" in answer.json()["result"]["sees"]["problems"]
    assert not Token.objects.exists()


def test_a_loss_of_models_is_a_guard(api: Any) -> None:
    for name in ("gpt-4o", "claude-opus"):
        world.model(name)
    token, key = world.token()
    address = f"{TOKENS}/{token.key_id}"

    blocked = api.patch(address, {"deny": ["gpt-*"]})

    assert blocked.status_code == 409
    assert [(row["key_id"], row["loses"]) for row in blocked.json()["impact"]["keys"]] == [(token.key_id, ["gpt-4o"])]
    assert len(listed(key)) == 2  # type: ignore[arg-type]
    assert api.patch(f"{address}?accept_loss=1", {"deny": ["gpt-*"]}).status_code == 200
    assert listed(key) == ["claude-opus"]


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"name": ""}, "name", "This field is required."),
        ({"groups": ["nobody"]}, "groups", "There is no group nobody."),
        ({"groups": "default"}, "groups", 'Expected a list of items but got type "str".'),
        ({"first_group": "vip"}, "first_group", "The token is not in group vip: add it to the groups first."),
        ({"allow": ["vendors:x"]}, "allow", "vendors:x matches nothing."),
        ({"allow": "gpt-4o"}, "allow", "This is not a list of patterns."),
        ({"deny": ["a,b"]}, "deny", "a,b is one name and matches nothing."),
        ({"networks": ["10.0.0.1/8"]}, "networks", "10.0.0.1/8 has host bits set."),
        ({"expires_at": "yesterday"}, "expires_at", "'yesterday' is not a valid time."),
        ({"expires_at": "2020-01-31"}, "expires_at", "'2020-01-31T00:00:00Z' is not in the future."),
        ({"starts_at": "9d", "expires_at": "2d"}, "non_field_errors", "A token cannot expire before it starts."),
        ({"rate_limit": "often"}, "rate_limit", "This is not a valid rate"),
        ({"budget": {}}, "budget.amount", "This field is required."),
        ({"budget": {"amount": "-1"}}, "budget.amount", "A budget must be between 0"),
        ({"budget": {"amount": "1", "currency": "usd"}}, "budget.currency", "This is not a valid currency"),
        ({"budget": {"amount": "1", "period": "week"}}, "budget.period", '"week" is not a valid choice.'),
        ({"budget": {"amount": "1", "limit": 2}}, "budget.limit", "There is no field limit."),
        ({"budget": 5}, "budget", "This must be an object with an amount, or null."),
        ({"metadata": {"a": {"b": 1}}}, "metadata", "a: this is neither a text nor a number"),
        ({"metadata": [1]}, "metadata", "This is not a JSON object"),
        ({"nmae": "Acme"}, "nmae", "There is no field nmae."),
        ({"digest": "x"}, "digest", "There is no field digest."),
        ({"key_id": "abc"}, "key_id", "This field cannot be set."),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_its_field(api: Any, fields: dict[str, Any], field: str, message: str) -> None:
    world.token_group("vip")

    assert refused(api.post(TOKENS, {"name": "Acme", **fields}))[field].startswith(message)
    assert not Token.objects.exists()


@pytest.mark.parametrize("body", [[], "x", 1.5, ["x"]])
def test_a_body_that_is_no_object_is_refused(api: Any, body: object) -> None:
    token, key = world.token()

    for address in (TOKENS, f"{TOKENS}/{token.key_id}/rotate", f"{TOKENS}/{token.key_id}/revoke"):
        assert "non_field_errors" in refused(api.post(address, body)), address
    assert "non_field_errors" in refused(api.patch(f"{TOKENS}/{token.key_id}", body))
    assert listed(key) == []


@pytest.mark.parametrize("grace", ["soon", "1", 1, None, ["1h"]])
def test_a_wrong_grace_is_refused(api: Any, grace: object) -> None:
    token, key = world.token()
    rotation = f"{TOKENS}/{token.key_id}/rotate"

    assert refused(api.post(rotation, {"grace": grace}))["grace"]
    assert "span" in refused(api.post(rotation, {"span": "1h"}))
    assert listed(key) == []


def test_all_fields_are_set_and_a_row_can_be_sent_back(api: Any) -> None:
    world.token_group("vip")
    new = issued(api, groups=["vip", "default"], uses_auto_groups=True, first_group="vip", allow=["gpt-*"], deny=["o1"],
        starts_at="2026-11-01T00:00:00+01:00", expires_at="30d", enabled=False, is_over_budget=True,
        budget={"amount": 0.1}, metadata={"rate": 0.25, "trial": True, "seller": None})  # fmt: skip
    address = f"{TOKENS}/{new['key_id']}"

    row = api.get(address).json()

    assert {**row, "key": new["key"], "sees": new["sees"]} == new
    assert (row["groups"], row["first_group"], row["starts_at"]) == (["default", "vip"], "vip", "2026-10-31T23:00:00Z")
    assert row["budget"] == {"amount": "0.1", "currency": "USD", "period": "total"}
    assert Token.objects.get().metadata == {"rate": Decimal("0.25"), "trial": True, "seller": None}
    before = Token.history.count()
    assert api.patch(address, row, headers={"If-Match": row["etag"]}).status_code == 200
    assert Token.history.count() == before
    assert api.patch(address, {"note": "x"}, headers={"If-Match": '"old"'}).status_code == 412
    assert api.post(f"{address}/rotate", headers={"If-Match": '"old"'}).status_code == 412


def test_without_groups_and_with_none(api: Any) -> None:
    assert issued(api)["groups"] == ["default"]
    assert issued(api, groups=[])["sees"]["problems"] == ["it is in no group, so it reaches no model"]
    assert issued(api)["allow"] is None
    assert issued(api, allow=[])["allow"] == []


def test_lists_are_filtered(api: Any) -> None:
    now = timezone.now()
    world.token("vip", name="vip", metadata={"customer": 42, "plan": "gold"})
    world.token(name="soon", expires_at=now + dt.timedelta(days=3), metadata={"customer": "42"})
    world.token(name="late", expires_at=now - dt.timedelta(days=3))
    world.token(name="early", starts_at=now + dt.timedelta(days=3))
    world.token(name="off", enabled=False)
    rotated, _ = world.token(name="rotated")
    replaced = rotated.key_id
    rotated.rotate(grace=dt.timedelta(days=1), at=now)

    def names(query: str) -> list[str]:
        answer = api.get(f"{TOKENS}?{query}")
        assert answer.status_code == 200, answer.content
        return [row["name"] for row in answer.json()["results"]]

    assert names("group=vip") == ["vip"]
    assert names("enabled=false") == names("state=disabled") == ["off"]
    assert (names("state=expired"), names("state=not_yet")) == (["late"], ["early"])
    assert names("state=valid") == ["rotated", "soon", "vip"]
    assert names("expiring=7d") == ["soon"]
    assert names(f"key_id={replaced}") == names(f"key_id={rotated.key_id}") == ["rotated"]
    assert names("name__icontains=O&ordering=-name") == ["soon", "rotated", "off"]
    assert names("metadata.customer=42") == names("metadata__customer=42") == names("metadata[customer]=42")
    assert names("metadata.customer=42") == ["soon", "vip"]
    assert names("metadata.customer=42&metadata.plan=gold") == ["vip"]
    assert api.get(f"{TOKENS}/{replaced}").json()["name"] == "rotated"
    assert "expiring" in refused(api.get(f"{TOKENS}?expiring=soon"))
    assert "metadat.customer" in refused(api.get(f"{TOKENS}?metadat.customer=42"))


def test_a_list_needs_few_queries(api: Any, django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        world.token("default", "vip", name=str(number), first_group=world.token_group(), budget_amount=Decimal(number))

    with django_assert_max_num_queries(10):
        assert len(api.get(TOKENS).json()["results"]) == 20


def test_models_and_explanations_of_a_key(api: Any) -> None:
    world.model("gpt-4o")
    world.model("o1", on=world.channel("far", group="vip"))
    token, _ = world.token("default", "vip", deny=["x"])
    address = f"{TOKENS}/{token.key_id}"

    rows = {
        row["id"]: (row["callable"], row["group"], row["groups"])
        for row in api.get(f"{address}/models").json()["results"]
    }
    assert rows == {"gpt-4o": (True, "default", ["default"]), "o1": (True, "vip", ["vip"])}
    explained = api.get(f"{address}/explain?model=o1&address=10.0.0.1").json()
    assert (explained["visible"], explained["callable"], explained["name"]) == (True, True, "o1")
    assert all({"asks", "passed", "because"} <= set(gate) for gate in explained["gates"])
    assert not api.get(f"{address}/explain?model=nothing").json()["visible"]
    assert "dialect" in refused(api.get(f"{address}/explain?dialect=x"))
    assert "at" in refused(api.get(f"{address}/explain?at=soon"))
    token.enabled = False
    token.save()
    assert api.get(f"{address}/models").json()["results"] == []


def test_usage_has_exact_costs_and_none_for_unknown_ones(api: Any) -> None:
    model, (token, _) = world.model("gpt-4o"), world.token()
    at = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
    for number, cost in enumerate(("0.1", "0.2", None)):
        UsageEvent.objects.create(
            event_id=str(number), token=token, key_id=token.key_id, model=model, name="gpt-4o", at=at, usage={},
            cost=cost and Decimal(cost), currency="USD" if cost else "",
        )  # fmt: skip
    record([Cost(token.pk, None, at, Decimal("0.3"), "USD")])

    usage = api.get(f"{TOKENS}/{token.key_id}/usage?from=2026-11-29&to=2026-11-29").json()

    day = {"day": "2026-11-29"}
    unknown = {**day, "model": "gpt-4o", "calls": 1, "cost": None, "currency": None, "uncounted": 1}
    known = {**day, "model": "gpt-4o", "calls": 2, "cost": "0.3", "currency": "USD", "uncounted": 0}
    assert usage["results"] == [unknown, known]
    assert usage["days"] == [{**day, "calls": 1, "cost": "0.3", "currency": "USD", "uncounted": 0}]
    assert "from" in refused(api.get(f"{TOKENS}/{token.key_id}/usage?from=2026-11-30&to=2026-11-29"))
    assert "to" in refused(api.get(f"{TOKENS}/{token.key_id}/usage?to=tomorrow"))


def test_a_batch_issues_and_changes_tokens_all_or_none(api: Any) -> None:
    token, _ = world.token(name="old")
    rows = [{"name": "one"}, {"key_id": token.key_id, "note": "changed"}]

    wrong = api.post(f"{TOKENS}/batch", [*rows, {"name": "x", "rate_limit": "often"}])
    assert [(error["index"], error["field"]) for error in wrong.json()["errors"]] == [(2, "rate_limit")]
    assert Token.objects.count() == 1
    done = api.post(f"{TOKENS}/batch", rows).json()

    assert [row["name"] for row in done] == ["one", "old"]
    assert listed(done[0]["key"]) == []
    assert "key" not in done[1]


def test_an_operator_of_some_groups_works_within_them(api_as: Callable[..., Any]) -> None:
    operator = User.objects.create_user("sue", is_staff=True)
    operator.user_permissions.set(Permission.objects.filter(content_type__app_label="tokens"))
    OperatorGroups.objects.create(operator=operator).groups.set([world.token_group("acme")])
    other, _ = world.token("other")
    api = api_as(operator)

    assert refused(api.post(TOKENS, {"name": "x"}))["groups"].startswith(
        "There is no group 'default'. Use one of: acme"
    )
    assert refused(api.post(TOKENS, {"name": "x", "groups": ["other"]})) == {"groups": "There is no group other."}
    new = issued(api, groups=["acme"])
    changes: tuple[dict[str, Any], ...] = ({"uses_auto_groups": True}, {"groups": []})
    for fields in changes:
        assert "responsible" in str(refused(api.patch(f"{TOKENS}/{new['key_id']}", fields)))
    assert api.get(f"{TOKENS}/{other.key_id}").status_code == 404
    assert [row["key_id"] for row in api.get(TOKENS).json()["results"]] == [new["key_id"]]
    assert Token.objects.count() == 2


def test_the_scope_of_the_admin_key_and_permissions_of_the_operator_decide(api_as: Callable[..., Any]) -> None:
    User.objects.create_superuser("alice")
    boss = User.objects.create_superuser("boss")
    token, _ = world.token()
    address = f"{TOKENS}/{token.key_id}"

    assert api_as(boss, "tokens").post(f"{address}/rotate").status_code == 200
    token.refresh_from_db()
    reader = api_as(boss, "read")
    assert reader.get(f"{TOKENS}/{token.key_id}/models").status_code == 200
    for answer in (
        reader.post(TOKENS, {"name": "x"}),
        reader.patch(f"{TOKENS}/{token.key_id}", {"note": "x"}),
        reader.post(f"{TOKENS}/{token.key_id}/rotate"),
        reader.post(f"{TOKENS}/{token.key_id}/revoke"),
        reader.delete(f"{TOKENS}/{token.key_id}"),
    ):
        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")
    boss.is_superuser = False
    boss.save()
    assert reader.get(TOKENS).status_code == 403


def test_a_token_is_updated_with_its_groups(api: Any) -> None:
    token = world.token()[0]
    world.token_group("pro")
    Token.objects.update(updated_at=world.LONG_AGO)
    Token.history.update(history_date=world.LONG_AGO)

    assert api.patch(f"{TOKENS}/{token.key_id}", {"groups": ["pro", "default"]}).status_code == 200

    assert len(api.get(TOKENS, {"updated_since": "2026-02-01"}).json()["results"]) == 1
