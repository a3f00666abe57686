"""The admin's pages for imports: a document is planned, reviewed, applied or discarded, and rolled back."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, FieldPin, ImportRun, Snapshot, Source
from pricing.models import PriceSheet
from tests.admin_world import filled_in
from tests.pricing.imports.running import state

pytestmark = pytest.mark.django_db
UPLOAD = "/admin/catalog/importrun/add/"
IMPORTS = ("view_importrun", "change_importrun", "add_aimodel", "change_aimodel", "add_vendor", "add_endpointtype")
ROW = {"mode": "chat", "litellm_provider": "openai", "max_input_tokens": 1000, "input_cost_per_token": 2e-06}


@pytest.fixture
def client() -> Client:
    return signed_in(is_superuser=True)


def signed_in(*permissions: str, **fields: Any) -> Client:
    user = User.objects.create_user("maria", is_staff=True, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def document(number: int = 3, **fields: Any) -> bytes:
    return json.dumps({f"gpt-{index}": ROW | (fields if index == 0 else {}) for index in range(number)}).encode()


def upload(client: Client, content: bytes, **fields: Any) -> Any:
    file = SimpleUploadedFile("prices.json", content)
    return client.post(UPLOAD, {"source": "litellm", "file": file, "snapshot": "", **fields})


def page_of(run: ImportRun) -> str:
    return f"/admin/catalog/importrun/{run.pk}/change/"


def waiting(client: Client, content: bytes | None = None) -> ImportRun:
    answer = upload(client, content or document())
    assert answer.status_code == 302, answer.content.decode()
    return ImportRun.objects.latest("pk")


def decide(client: Client, run: ImportRun, **fields: Any) -> str:
    """Posts the review's form with these fields; the text of the page after."""
    page = page_of(run)
    form = filled_in(client, page) if ImportRun.objects.waiting().filter(pk=run.pk).exists() else {}
    form.pop("_save", None)
    return client.post(page, {**form, **fields}, follow=True).content.decode()


def test_an_upload_is_shown_before_anything_changes(client: Client) -> None:
    run = waiting(client)
    assert not AIModel.objects.exists()
    text = client.get(page_of(run)).content.decode()
    assert "prices.json" in text
    assert text.count('name="model"') == 3
    assert "Input $2.00 per million tokens" in text


def test_a_whole_plan_is_applied(client: Client) -> None:
    run = waiting(client)
    assert "Applied to 3 models." in decide(client, run, apply="all")
    run.refresh_from_db()
    assert (run.status, run.actor, AIModel.objects.count()) == ("applied", User.objects.get(), 3)
    assert AIModel.history.filter(history_user=run.actor).count() == 3


def test_selected_models_are_applied_and_the_rest_waits(client: Client) -> None:
    text = decide(client, waiting(client), apply="ticked", model=["gpt-1"])
    assert "The rest waits for review in" in text
    assert AIModel.objects.get().name == "gpt-1"
    assert ImportRun.objects.waiting().count() == 1


def test_the_results_of_a_search_are_applied(client: Client) -> None:
    run = waiting(client, document(12))
    page = client.get(f"{page_of(run)}?q=GPT-1").content.decode()
    assert "Apply these 3" in page
    decide(client, run, apply="found", q="GPT-1")
    assert set(AIModel.objects.values_list("name", flat=True)) == {"gpt-1", "gpt-10", "gpt-11"}


def test_a_discarded_plan_changes_nothing(client: Client) -> None:
    run = waiting(client)
    assert "was discarded" in decide(client, run, discard="1")
    assert not AIModel.objects.exists()
    assert "Discarded by maria" in client.get(page_of(run)).content.decode()


def test_a_guard_gives_its_reason_and_is_accepted_by_a_checkbox(client: Client) -> None:
    decide(client, waiting(client), apply="all")
    run = waiting(client, document(input_cost_per_token=9e-05))
    text = client.get(page_of(run)).content.decode()
    assert "more than fourfold" in text
    assert "Input: large change" in text
    before = state()
    assert "Confirm it, or discard the plan." in decide(client, run, apply="all")
    assert state() == before
    assert "Applied to 1 model." in decide(client, run, apply="all", accept=["accept_jumps"])
    assert PriceSheet.objects.filter(model__name="gpt-0").count() == 2


def test_large_changes_are_accepted_one_by_one(client: Client) -> None:
    decide(client, waiting(client), apply="all")
    far = {"input_cost_per_token": 9e-05}
    rows = {"gpt-0": ROW | far, "gpt-1": ROW | far, "gpt-2": ROW | {"max_input_tokens": 7}}
    run = waiting(client, json.dumps(rows).encode())
    text = client.get(f"{page_of(run)}?show=jumps").content.decode()
    assert text.count('name="jump"') == 2
    assert "large change: 45 times higher" in text
    text = decide(client, run, apply="all", jump=["gpt-1"])
    assert "Applied to 2 models. Large changes that were not accepted wait for review in" in text
    assert set(PriceSheet.objects.filter(lines__amount="0.00009").values_list("model__name", flat=True)) == {"gpt-1"}
    assert AIModel.objects.get(name="gpt-2").context_length == 7
    assert "gpt-0" in client.get(page_of(ImportRun.objects.waiting().get())).content.decode()


def test_a_loss_of_models_alone_can_be_accepted(client: Client) -> None:
    decide(client, waiting(client), apply="all")
    run = waiting(client, document(1))
    assert "Apply all" in client.get(page_of(run)).content.decode()
    assert "Applied to 0 models." in decide(client, run, apply="all", accept=["allow_removals"])


def test_a_plan_that_changed_since_it_was_opened_is_not_applied(client: Client) -> None:
    run = waiting(client)
    assert "has changed since" in decide(client, run, apply="all", seen="another")
    assert not AIModel.objects.exists()


def test_changes_that_are_not_applied_show_a_reason(client: Client) -> None:
    decide(client, waiting(client), apply="all")
    pin = FieldPin.objects.create(model=AIModel.objects.get(name="gpt-0"), field="list_price", reason="our <contract>")
    run = waiting(client, document(input_cost_per_token=3e-06, max_input_tokens=5))
    text = client.get(f"{page_of(run)}?show=kept").content.decode()
    assert "not applied: pinned: our &lt;contract&gt;" in text
    pin.refresh_from_db()
    page = client.get(f"/admin/catalog/aimodel/{pin.model_id}/change/").content.decode()
    assert "Input $3.00 per million tokens" in page


def test_a_pin_is_set_on_the_models_page(client: Client, world: Any) -> None:
    page = f"/admin/catalog/aimodel/{world.model().pk}/change/"
    form = filled_in(client, page, **{"pins-TOTAL_FORMS": "1", "pins-0-field": "tags", "pins-0-reason": "ours"})
    assert client.post(page, form).status_code == 302
    pin = FieldPin.objects.get()
    assert (pin.field, str(pin.author), pin.has_moved) == ("tags", "maria", False)


def test_five_thousand_rows_are_paginated(client: Client, django_assert_max_num_queries: Any) -> None:
    run = waiting(client, document(1200))
    client.get(page_of(run))
    with django_assert_max_num_queries(20):
        text = client.get(f"{page_of(run)}?p=12&show=new").content.decode()
    assert text.count('name="model"') == 100
    assert "Page 12 of 12" in text
    assert "Page 1 of 1" not in client.get(f"{page_of(run)}?p=x&show=strange&q=gpt-7").content.decode()


def test_a_stored_document_can_be_planned_again(client: Client) -> None:
    decide(client, waiting(client), discard="1")
    snapshot = Snapshot.objects.get()
    answer = client.post(UPLOAD, {"source": "litellm", "snapshot": snapshot.pk})
    assert answer.status_code == 302
    assert ImportRun.objects.waiting().get().snapshot == snapshot


@pytest.mark.parametrize(
    ("content", "fields", "sentence"),
    [
        (b"", {}, "empty"),
        (b"{", {}, "The document is not JSON"),
        (b"[]", {}, "The document"),
        (b"\xff\xfe\x00", {}, "not UTF-8"),
        (document(), {"source": "nobody"}, "Select a valid choice"),
        (document(), {"group": "vip"}, "A group reaches models through a channel"),
        (document(), {"channel": "a b"}, "valid “slug”"),
        (document(), {"snapshot": "99"}, "Select a valid choice"),
        (document(), {"only": "claude-*"}, "None of the 3 models matches"),
    ],
)
def test_an_invalid_document_is_reported(client: Client, content: bytes, fields: dict[str, Any], sentence: str) -> None:
    before = state()
    answer = upload(client, content, **fields)
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert state() == before


def test_a_file_that_is_too_large_is_dropped_while_it_arrives(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.admin.uploads.LARGEST_FILE", 100_000)
    answer = upload(client, document(3000))
    assert "Choose either a file of up to 64 MiB" in answer.content.decode()
    assert not ImportRun.objects.exists()


def test_a_document_without_changes_says_so(client: Client) -> None:
    decide(client, waiting(client), apply="all")
    assert "Nothing to import: 3 models are unchanged." in upload(client, document()).content.decode()


def test_a_run_is_rolled_back_after_a_preview(client: Client) -> None:
    run = waiting(client)
    decide(client, run, apply="all")
    page = f"/admin/catalog/importrun/{run.pk}/rollback/"
    before = state()
    assert "3 models removed" in client.get(page).content.decode()
    assert state() == before
    assert "was rolled back" in client.post(page, follow=True).content.decode()
    assert not AIModel.objects.exists()


def test_a_database_error_without_a_message_is_reported(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise OperationalError

    run = waiting(client)
    monkeypatch.setattr("pricing.admin.import_review.apply_run", refuse)
    answer = client.post(page_of(run), {"apply": "all"}, follow=True)
    assert "nothing was written: OperationalError" in answer.content.decode()


def test_names_from_documents_are_escaped(client: Client) -> None:
    attack = "<img src=x onerror=alert(1)>{{7*7}}"
    run = waiting(client, json.dumps({attack: ROW}).encode())
    text = client.get(page_of(run)).content.decode()
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text


class TestWhoMay:
    def test_deciding_requires_permission_to_change_runs(self, client: Client) -> None:
        run = waiting(client)
        User.objects.all().update(username="other")
        reader = signed_in("view_importrun")
        text = reader.get(page_of(run)).content.decode()
        assert 'name="discard"' not in text
        assert reader.get(UPLOAD).status_code == reader.post(UPLOAD).status_code == 403
        assert reader.post(page_of(run), {"apply": "all"}).status_code == 403
        assert reader.post(f"/admin/catalog/importrun/{run.pk}/rollback/").status_code == 403
        assert not AIModel.objects.exists()

    def test_the_rollback_of_a_migration_requires_permission_to_delete_tokens(self, client: Client) -> None:
        run = waiting(client)
        decide(client, run, apply="all")
        run.refresh_from_db()
        run.report["counts"]["tokens"] = 2
        run.save()
        page = f"/admin/catalog/importrun/{run.pk}/rollback/"
        User.objects.all().update(username="other")
        reviewer = signed_in("view_importrun", "change_importrun")
        assert page not in reviewer.get(page_of(run)).content.decode()
        assert reviewer.get(page).status_code == reviewer.post(page).status_code == 403
        User.objects.filter(username="maria").update(username="another")
        operator = signed_in("delete_token", "add_pricesheet", "change_vendor", *IMPORTS)
        assert "was rolled back" in operator.post(page, follow=True).content.decode()

    def test_deciding_requires_the_permissions_for_what_the_plan_changes(self) -> None:
        client = signed_in("view_importrun", "change_importrun")
        run = waiting(client)
        assert "You do not have permission to add models, add vendors." in decide(client, run, apply="all")
        assert not AIModel.objects.exists()

    def test_people_without_permission_see_no_runs(self, client: Client) -> None:
        run = waiting(client)
        User.objects.all().update(username="other")
        assert signed_in("view_aimodel").get(page_of(run)).status_code == 403


def test_the_overview_shows_waiting_plans_and_failing_sources(client: Client) -> None:
    Source.objects.create(slug="litellm", name="LiteLLM", url="https://a.example", sync=True, error="It failed.")
    waiting(client)
    text = client.get("/admin/").content.decode()
    assert "Imports to review" in text
    assert "Failing sources" in text
    listed = client.get("/admin/catalog/importrun/?status__in=planned,stopped")
    assert (listed.status_code, b"#" in listed.content) == (200, True)
    assert b"It failed." in client.get("/admin/catalog/source/?fetching=failing").content


def test_a_source_with_new_import_settings_is_fetched_again(client: Client) -> None:
    known = {"etag": "x", "last_sha256": "y", "checked_at": timezone.now()}
    source = Source.objects.create(slug="litellm", name="LiteLLM", url="https://a.example", **known)
    page = f"/admin/catalog/source/{source.pk}/change/"
    assert client.post(page, filled_in(client, page, note="mine")).status_code == 302
    source.refresh_from_db()
    assert source.etag == "x"
    client.post(page, filled_in(client, page, publish="on"))
    source.refresh_from_db()
    assert (source.etag, source.last_sha256) == ("", "")


def test_an_importer_applies_models_and_leaves_prices_to_others() -> None:
    maria = signed_in(*IMPORTS, "view_pricesheet")
    run = waiting(maria)
    text = maria.get(page_of(run)).content.decode()

    assert "you can apply everything else, and the prices wait for somebody who may" in text
    assert "Input $2.00 per million tokens" in text
    assert "waits for review in" in decide(maria, run, apply="all")
    assert (AIModel.objects.count(), PriceSheet.objects.count()) == (3, 0)
    rest = ImportRun.objects.waiting().get()
    text = maria.get(page_of(rest)).content.decode()
    assert "the plan waits for somebody who may." in text
    assert 'name="apply"' not in text
    assert 'name="model"' not in text


def test_prices_of_a_plan_are_shown_to_people_who_may_see_prices() -> None:
    maria = signed_in(*IMPORTS)
    decide(signed_in_as("root"), waiting(maria), apply="all")
    far = waiting(maria, document(input_cost_per_token=9e-05, max_input_tokens=7))
    applied = ImportRun.objects.filter(status="applied").get()

    for page in (page_of(far), f"{page_of(far)}?show=jumps", page_of(applied)):
        text = maria.get(page).content.decode()
        assert "per million" not in text, page
        assert "$2" not in text, page
        assert "prices.json" not in text, page
    assert "do not have permission to see" in maria.get(page_of(far)).content.decode()


def test_a_plan_that_writes_other_tables_says_what_is_missing() -> None:
    maria = signed_in(*IMPORTS, "add_pricesheet", "view_pricesheet")
    answer = upload(maria, document(), channel="upstream")
    text = maria.get(answer["Location"]).content.decode()

    assert "do not have permission to add channels, add offers, change groups. It waits for somebody who may." in text
    assert 'name="apply"' not in text
    assert 'name="discard"' in text


def signed_in_as(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser(name))
    return client
