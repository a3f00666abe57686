"""Sources in the admin: the history has changes by people, but not the results of a fetch."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from catalog.imports.fetching import Fetched
from catalog.models import ImportRun, Source
from pricing.imports.pipeline import store_validators
from tests import admin_world, world

LIST = "/admin/catalog/source/"


def act(client: Client, action: str, *sources: Source) -> str:
    posted = {"action": action, "_selected_action": [source.pk for source in sources]}
    return client.post(LIST, posted, follow=True).content.decode()


@pytest.fixture
def source(db: None) -> Source:
    return Source.objects.create(slug="litellm", name="LiteLLM", url="https://prices.example.com/a.json", etag="old")


def test_an_edit_is_in_the_history_with_author_and_reason(admin_client: Client, source: Source) -> None:
    page = f"{LIST}{source.pk}/change/"
    posted = admin_world.filled_in(admin_client, page, policy="apply_safe", change_reason="It was right for a year")
    admin_client.post(page, posted)

    body = admin_client.get(f"{LIST}{source.pk}/history/").content.decode()
    assert "It was right for a year" in body
    assert "admin" in body
    assert Source.objects.get().etag == ""


def test_a_restored_version_is_fetched_again(admin_client: Client, source: Source) -> None:
    first = source.history.get()
    source.only = ["gpt-*"]
    source.save()
    page = f"{LIST}{source.pk}/history/{first.pk}/"

    admin_client.post(page, admin_world.filled_in(admin_client, page))

    source.refresh_from_db()
    assert (source.only, source.etag) == ([], "")


def test_a_fetch_adds_no_history(source: Source) -> None:
    run = admin_world.import_run("litellm")
    fetched = Fetched(content=b"", etag="new", last_modified="")
    store_validators(source, run.snapshot, fetched, url=source.url)
    Source.objects.filter(pk=source.pk).update(checked_at=timezone.now(), error="gone")

    assert Source.objects.get().etag == "new"
    assert source.history.count() == 1

    store_validators(source, run.snapshot, fetched, url="https://prices.example.com/b.json")

    assert [record.url[-6:] for record in source.history.order_by("history_id")] == ["a.json", "b.json"]


def test_sources_are_switched_to_scheduled_fetching_and_back_in_bulk(admin_client: Client, source: Source) -> None:
    nowhere = Source.objects.create(slug="file", name="A file", reader="csv")

    body = act(admin_client, "fetch_regularly", source, nowhere)

    assert "1 source fetched on schedule." in body
    assert "Sources without a URL cannot be fetched: 1." in body
    assert dict(Source.objects.values_list("slug", "sync")) == {"litellm": True, "file": False}
    assert source.history.latest().history_user.username == "admin"

    act(admin_client, "fetch_by_hand", source, nowhere)

    assert not Source.objects.filter(sync=True).exists()
    assert source.history.count() == 3


def test_the_revision_cannot_be_edited(admin_client: Client) -> None:
    world.model()

    assert admin_client.get("/admin/catalog/revision/").status_code == 200
    assert admin_client.get("/admin/catalog/revision/1/change/").status_code == 200
    assert admin_client.post("/admin/catalog/revision/1/change/", {"number": 0}).status_code == 403
    assert admin_client.get("/admin/catalog/revision/add/").status_code == 403
    assert admin_client.get("/admin/catalog/revision/1/delete/").status_code == 403


@pytest.mark.parametrize("text", ["litellm", "prices.example.com", "Rolled back"])
def test_import_runs_are_searched(admin_client: Client, text: str) -> None:
    run = admin_world.import_run("litellm")
    other = admin_world.import_run("other")
    ImportRun.objects.filter(pk=run.pk).update(remark="Rolled back by alice")
    type(run.snapshot).objects.filter(pk=run.snapshot_id).update(origin="https://prices.example.com/a.json")

    body = admin_client.get(f"/admin/catalog/importrun/?q={text}").content.decode()

    assert f"/importrun/{run.pk}/change/" in body
    assert f"/importrun/{other.pk}/change/" not in body


def operator(*codes: str) -> Client:
    user = User.objects.create_user("sam", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_source", "change_source", *codes]))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("codes", "is_stored"),
    [
        ([], False),
        (["change_importrun"], False),
        (["add_pricesheet"], False),
        (["change_importrun", "add_pricesheet"], True),
    ],
)
def test_a_policy_without_review_requires_permission_for_imports_and_prices(
    source: Source, codes: list[str], is_stored: bool
) -> None:
    client, page = operator(*codes), f"{LIST}{source.pk}/change/"

    client.post(page, admin_world.filled_in(client, page, policy="apply_safe", publish="on"))
    source.refresh_from_db()

    assert (source.policy == "apply_safe", source.publish) == (is_stored, is_stored)


def test_publishing_requires_permission_for_imports(source: Source) -> None:
    client, page = operator(), f"{LIST}{source.pk}/change/"
    client.post(page, admin_world.filled_in(client, page, publish="on"))

    source.refresh_from_db()
    assert not source.publish


def test_a_source_that_is_applied_without_review_is_changed_by_people_who_may_apply_it(source: Source) -> None:
    old = source.history.get()
    source.policy = "apply_safe"
    source.save()
    client, page = operator("change_importrun"), f"{LIST}{source.pk}/change/"

    assert client.post(page, {"url": "https://evil.example.com"}).status_code == 403
    assert client.post(f"{LIST}{source.pk}/history/{old.pk}/", {"name": "x"}).status_code == 403
    text = act(client, "fetch_regularly", source)
    assert "you do not have permission to change them: LiteLLM." in text
    source.refresh_from_db()
    assert not source.sync
