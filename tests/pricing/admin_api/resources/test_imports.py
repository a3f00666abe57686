"""Import runs and sources by the management API: a plan, its guards, its application and its rollback."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from catalog.imports.fetching import Fetched, FetchError
from catalog.models import AIModel, AuditEntry, Channel, ImportRun, Source
from pricing.admin_api.resources import imports
from pricing.imports.review import apply_run, plan_of
from pricing.models import PriceSheet
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

RUNS, SOURCES = "/api/admin/v1/import-runs", "/api/admin/v1/sources"
ROW = {"mode": "chat", "litellm_provider": "openai", "max_input_tokens": 1000, "input_cost_per_token": 2e-06}


def document(number: int = 3, **fields: Any) -> bytes:
    return json.dumps({f"gpt-{index}": ROW | (fields if index == 0 else {}) for index in range(number)}).encode()


def planned(api: Any, content: bytes | None = None, *, query: str = "", **fields: Any) -> Any:
    """The answer to an upload."""
    form = {"source": "litellm", "file": SimpleUploadedFile("prices.json", content or document()), **fields}
    return api.post(f"{RUNS}{query}", form, format="multipart")


def applied(api: Any, content: bytes | None = None, **fields: Any) -> dict[str, Any]:
    answer = planned(api, content, **fields)
    done = api.post(f"{answer['Location']}/apply")
    assert done.status_code == 200, done.content
    body: dict[str, Any] = done.json()
    return body


def refused(answer: Any, status: int = 400) -> dict[str, Any]:
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json"), answer.content
    body: dict[str, Any] = answer.json()
    return body


def test_a_document_is_planned_applied_and_rolled_back(api: Any) -> None:
    answer = planned(api, channel="up", publish="true", only=["gpt-0,gpt-1"])

    plan = answer.json()
    assert answer.status_code == 201
    assert (plan["outcome"], plan["status"], plan["new"]) == ("plan_waits", "planned", ["gpt-0", "gpt-1"])
    assert (plan["source"], plan["as"], plan["channel"], plan["publish"]) == ("litellm", "list", "up", True)
    assert plan["counts"]["new_prices"] == 2
    assert answer["Location"] == f"{RUNS}/{plan['id']}"
    assert not AIModel.objects.exists()
    shown = api.get(f"{answer['Location']}/plan")
    assert (shown.json(), shown["ETag"]) == (plan, answer["ETag"])

    done = api.post(f"{answer['Location']}/apply", {"fingerprint": plan["fingerprint"]}).json()
    assert (done["outcome"], done["status"], done["rest"]) == ("done", "applied", None)
    assert (AIModel.objects.filter(status="published").count(), PriceSheet.objects.count()) == (2, 2)
    assert Channel.objects.get().slug == "up"
    row = api.get(answer["Location"]).json()
    assert (row["status"], row["source"], row["counts"]["new"]) == ("applied", "litellm", 2)
    assert row["actor_name"].startswith("alice, with the admin key ")
    assert api.get(f"{answer['Location']}/plan").json()["counts"]["new"] == 2
    refused(api.post(f"{answer['Location']}/apply"), 409)

    undone = api.post(f"{answer['Location']}/roll-back").json()
    assert (undone["status"], undone["removed"]["models"]) == ("rolled_back", 2)
    assert not AIModel.objects.exists()
    refused(api.post(f"{answer['Location']}/roll-back"), 409)


def test_the_same_document_again_is_nothing_to_do(api: Any) -> None:
    applied(api)

    again = planned(api)

    assert again.status_code == 200
    assert (again.json()["outcome"], again.json()["id"], again.json()["status"]) == ("done", None, "nothing_to_do")
    assert ImportRun.objects.count() == 1


def test_a_dry_run_and_a_repeat_store_no_second_run(api: Any) -> None:
    assert planned(api, query="?dry_run=1").json()["result"]["new"] == ["gpt-0", "gpt-1", "gpt-2"]
    assert not ImportRun.objects.exists()
    form = {"source": "litellm", "file": SimpleUploadedFile("prices.json", document())}
    headers = {"Idempotency-Key": "nightly"}
    first = api.post(RUNS, form, format="multipart", headers=headers)
    form["file"] = SimpleUploadedFile("prices.json", document())
    again = api.post(RUNS, form, format="multipart", headers=headers)

    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    assert ImportRun.objects.count() == 1


def test_a_guard_is_409_with_the_impact_until_it_is_accepted(api: Any) -> None:
    applied(api, document(40))
    jumped = planned(api, document(40, input_cost_per_token=2e-04))
    assert (jumped.status_code, jumped.json()["outcome"]) == (201, "guard_stopped")

    problem = refused(api.post(f"{jumped['Location']}/apply"), 409)
    assert [(guard["option"], guard["models"]) for guard in problem["guards"]] == [("accept_jumps", ["gpt-0"])]
    assert "impact" in problem
    assert PriceSheet.objects.filter(ends_at=None).count() == 40
    assert api.post(f"{jumped['Location']}/apply?accept_jumps=1").status_code == 200

    fewer = planned(api, document(30, input_cost_per_token=2e-04))
    assert [guard["option"] for guard in refused(api.post(f"{fewer['Location']}/apply"), 409)["guards"]] == [
        "allow_removals"
    ]
    assert api.post(f"{fewer['Location']}/apply?allow_removals=1").status_code == 200


def test_jumps_are_accepted_by_model_and_the_others_wait(api: Any) -> None:
    applied(api)
    doubled = json.dumps({f"gpt-{index}": ROW | {"input_cost_per_token": 2e-04} for index in range(3)}).encode()
    run = planned(api, doubled)["Location"]

    done = api.post(f"{run}/apply", {"accept_jumps": ["gpt-1"]}).json()

    assert PriceSheet.objects.filter(model__name="gpt-1").count() == 2
    assert PriceSheet.objects.filter(model__name="gpt-0").count() == 1
    assert api.get(f"{RUNS}/{done['rest']}").json()["status"] == "stopped"


def test_a_plan_that_takes_models_from_keys_is_409(api: Any) -> None:
    applied(api, channel="up", publish="true")
    token, _ = world.token("default")
    channel = b"channels:\n  - slug: up\n    name: Up\n    enabled: false\n"
    content = b"format: modelbook/1\n" + channel + b"models:\n  - name: gpt-0\n"
    answer = planned(api, content, source="yaml")
    assert answer.json().get("outcome") == "guard_stopped", answer.content

    problem = refused(api.post(f"{answer['Location']}/apply"), 409)

    assert [guard["option"] for guard in problem["guards"]] == ["accept_loss"]
    assert [key["key_id"] for key in problem["impact"]["keys"]] == [token.key_id]
    assert Channel.objects.get().enabled
    assert api.post(f"{answer['Location']}/apply?accept_loss=1").status_code == 200
    assert not Channel.objects.get().enabled
    undone = refused(api.post(f"{RUNS}/{ImportRun.objects.order_by('pk').first().pk}/roll-back?dry_run=2"))  # type: ignore[union-attr]
    assert undone["errors"][0]["field"] == "dry_run"


def test_another_plan_than_the_seen_one_is_not_applied(api: Any) -> None:
    answer = planned(api)
    world.model("gpt-0", on=None)

    refused(api.post(f"{answer['Location']}/apply", {"fingerprint": answer.json()["fingerprint"]}), 412)
    refused(api.post(f"{answer['Location']}/apply", headers={"If-Match": answer["ETag"]}), 412)
    assert api.post(f"{answer['Location']}/apply").status_code == 200


def test_a_plan_is_discarded(api: Any) -> None:
    run = planned(api)["Location"]
    for action in ("apply", "discard", "roll-back"):
        assert refused(api.post(f"{run}/{action}", ["x"]))["errors"][0]["field"] == "non_field_errors"

    assert api.post(f"{run}/discard").json()["status"] == "discarded"
    refused(api.post(f"{run}/apply"), 409)
    entries = AuditEntry.objects.filter(kind="catalog.importrun").order_by("stream", "number")
    assert [entry.action for entry in entries] == ["planned", "discarded"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"source": "nobody"}, "source"),
        ({"sources": "x"}, "sources"),
        ({"as": "gift"}, "as"),
        ({"publish": "perhaps"}, "publish"),
        ({"url": "https://prices.example/a.json"}, "file"),
        ({"file": ""}, "file"),
    ],
)
def test_a_wrong_request_is_refused_with_its_field(api: Any, fields: dict[str, Any], field: str) -> None:
    problem = refused(planned(api, **fields))

    assert field in [error["field"] for error in problem["errors"]]
    assert not ImportRun.objects.exists()


def test_a_wrong_document_and_a_large_one_are_refused(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "not JSON" in refused(planned(api, b"{"))["detail"]
    monkeypatch.setattr(imports, "LARGEST_FILE", 10)
    monkeypatch.setattr("catalog.admin.uploads.LARGEST_FILE", 10)
    assert "larger than" in refused(planned(api), 413)["detail"]


def test_an_address_is_fetched_with_the_guard(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(api.post(RUNS, {"source": "litellm", "url": "http://127.0.0.1/prices.json"}))
    refused(api.post(RUNS, {"source": "litellm", "url": "https://169.254.169.254/"}))

    fetched: list[str] = []

    def fetch(url: str) -> Fetched:
        fetched.append(url)
        return Fetched(content=document(), etag="", last_modified="")

    monkeypatch.setattr(imports, "fetch", fetch)
    Source.objects.create(slug="ours", name="Ours", reader="litellm", url="https://a.example/x?key=s3")
    answer = api.post(RUNS, {"source": "ours", "url": ""})

    assert (answer.status_code, fetched) == (201, ["https://a.example/x?key=s3"])
    assert "s3" not in answer.content.decode()
    assert ImportRun.objects.get().snapshot.origin == "https://a.example/x"

    def fail(_: str) -> Fetched:
        raise FetchError("The host answered 404.")

    monkeypatch.setattr(imports, "fetch", fail)
    assert refused(api.post(RUNS, {"source": "ours", "url": ""}))["errors"][0]["message"] == "The host answered 404."


def test_the_scope_imports_applies_models_and_leaves_prices_to_others(api_as: Callable[..., Any]) -> None:
    boss = User.objects.create_superuser("boss")
    importer = api_as(boss, "imports")

    run = planned(importer)
    assert run.json()["counts"]["new_prices"] == 3
    done = importer.post(f"{run['Location']}/apply").json()

    assert (AIModel.objects.count(), PriceSheet.objects.count()) == (3, 0)
    assert importer.get(f"{RUNS}/{done['rest']}").json()["status"] == "planned"
    assert importer.post("/api/admin/v1/vendors", {"slug": "x", "name": "X"}).status_code == 403
    refused(importer.post(f"{RUNS}/{done['rest']}/apply"), 403)
    assert api_as(boss, "imports", "prices").post(f"{RUNS}/{done['rest']}/apply").status_code == 200
    assert PriceSheet.objects.count() == 3
    reader = api_as(boss, "read")
    assert reader.get(run["Location"]).status_code == 200
    for answer in (planned(reader), reader.post(f"{run['Location']}/roll-back")):
        refused(answer, 403)


def test_sources_are_created_and_changed_and_never_show_the_query_of_their_address(api: Any) -> None:
    fields = {"slug": "ours", "name": "Ours", "reader": "litellm", "url": "https://a.example/x?key=s3", "sync": True,
        "only": ["gpt-*"], "trust": Source.Trust.UPSTREAM}  # fmt: skip
    answer = api.post(SOURCES, fields)
    assert answer.status_code == 201, answer.content
    assert (answer.json()["url"], answer.json()["trust"]) == ("https://a.example/x", Source.Trust.UPSTREAM)
    address = answer["Location"]
    assert address == f"{SOURCES}/ours"

    row = api.get(address).json()
    changed = api.patch(address, {**row, "note": "new"}, headers={"If-Match": row["etag"]})
    assert changed.status_code == 200, changed.content
    assert Source.objects.get(slug="ours").url == "https://a.example/x?key=s3"
    Source.objects.filter(slug="ours").update(etag="old")
    assert api.patch(address, {"url": "https://b.example/y?key=s4"}).json()["url"] == "https://b.example/y"
    source = Source.objects.get(slug="ours")
    assert (source.url, source.etag) == ("https://b.example/y?key=s4", "")
    history = api.get("/api/admin/v1/history?kind=catalog.source").content.decode()
    for body in (answer, changed, api.get(SOURCES), api.get(address)):
        assert "key=s" not in body.content.decode() + history
    assert refused(api.patch(address, {"reader": "nothing"}))["errors"][0]["field"] == "reader"
    assert refused(api.patch(address, {"url": "", "sync": True}))["errors"][0]["field"] == "url"
    assert api.delete(address).status_code == 204


def test_sources_that_nobody_reviews_need_the_permissions_of_the_admin(api_as: Callable[..., Any]) -> None:
    boss = User.objects.create_superuser("boss")
    importer = api_as(boss, "imports")
    fields = {"slug": "ours", "name": "Ours", "reader": "litellm"}

    refused(importer.post(SOURCES, {**fields, "policy": "apply_safe"}), 403)
    assert importer.post(SOURCES, fields).status_code == 201
    refused(importer.patch(f"{SOURCES}/ours", {"policy": "apply_safe"}), 403)
    assert api_as(boss, "imports", "prices").patch(f"{SOURCES}/ours", {"policy": "apply_safe"}).status_code == 200
    refused(importer.patch(f"{SOURCES}/ours", {"note": "x"}), 403)


def test_no_scope_restores_roles(api_as: Callable[..., Any]) -> None:
    alice = User.objects.create_superuser("alice")
    document = b"format: modelbook/1\nroles:\n- {name: Curators, permissions: [catalog.view_vendor]}\n"
    api = api_as(alice, "imports", "tokens", "catalog", "prices", "read")
    form = {"source": "yaml", "file": SimpleUploadedFile("catalog.yaml", document)}
    run = api.post(RUNS, form, format="multipart")["Location"]
    assert refused(api.post(f"{run}/apply"), 403)["detail"].startswith("You do not have permission to add roles")
    waiting, now = ImportRun.objects.get(), timezone.now()
    apply_run(waiting, at=now, seen=plan_of(waiting, at=now).fingerprint, actor=alice)
    detail = "You do not have permission to change roles."
    assert refused(api.post(f"{run}/roll-back"), 403)["detail"] == detail
    assert Group.objects.filter(name="Curators").exists()


def test_findings_name_no_key_that_the_operator_may_not_see(api_as: Callable[..., Any]) -> None:
    alice = User.objects.create_superuser("alice")
    world.model("gpt-0")
    world.token(name="Acme", allow=["claude-*"])
    text = "format: modelbook/1\naliases:\n- {name: claude-0, model: gpt-0}\n"
    api = api_as(alice, "imports")
    created = planned(api, text.encode(), source="yaml")
    reports = [created, api.get(f"{created['Location']}/plan"), api.post(f"{created['Location']}/apply?accept_loss=1")]
    for report in [*reports, api.get(f"{created['Location']}/plan")]:
        assert "to 1 key, because the alias" in str(report.json()["findings"]), report.content
        assert "Acme" not in report.content.decode()
    assert "to 1 key (Acme), because" in str(api_as(alice).get(f"{created['Location']}/plan").json()["findings"])
