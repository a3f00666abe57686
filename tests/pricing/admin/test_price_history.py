"""A model's page shows its prices with dates, authors and reasons, and warns about prices below cost."""

import datetime as dt

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import AIModel
from tests import admin_world, world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def page(model: AIModel) -> str:
    return f"/admin/catalog/aimodel/{model.pk}/change/"


def test_a_price_shows_its_author_reason_and_import(admin_client: Client, admin_user: User) -> None:
    model, run = world.model(), admin_world.import_run()
    by_import, by_hand = world.price(model, role="cost", input="1"), world.price(model, input="2")
    by_import.run, by_import.reason = run, "Import litellm"
    by_hand.author, by_hand.author_name, by_hand.reason = admin_user, "admin", "New <contract>"
    for sheet in (by_import, by_hand):
        sheet.save()
    world.price(model, input="3", starts_at=timezone.now() + dt.timedelta(days=1))

    body = admin_client.get(page(model)).content.decode()

    history = body.partition('id="price-history"')[2]
    assert "set by admin: “New &lt;contract&gt;”" in history
    assert f"/admin/catalog/importrun/{run.pk}/change/" in history
    assert "Cost from 2026-01-01 00:00" in history
    assert history.index("scheduled") < history.index("current")


def test_a_long_history_takes_no_more_queries(admin_client: Client) -> None:
    model = world.model()
    # What a process looks up once is looked up before it is counted.
    admin_client.get(page(model))
    counts = []
    for start, stop in ((0, 2), (2, 40)):
        for n in range(start, stop):
            world.price(model, input=str(n + 1), starts_at=world.LONG_AGO + dt.timedelta(days=n))
        with CaptureQueriesContext(connection) as captured:
            body = admin_client.get(page(model)).content.decode()
        counts.append(len(captured))

    assert counts[0] == counts[1]
    assert "All price sheets of this model" in body


def test_models_sold_below_cost_are_listed_for_people_who_may_see_costs(admin_client: Client, client: Client) -> None:
    for name, cost in (("loss", "3"), ("gain", "1")):
        model = world.model(name)
        world.price(model, input="2")
        world.price(model, role="cost", input=cost)
    listed = admin_client.get("/admin/catalog/aimodel/?price=loss").context["cl"].result_list
    assert [model.name for model in listed] == ["loss"]

    editor = User.objects.create_user("editor", is_staff=True)
    editor.user_permissions.set(Permission.objects.filter(codename="view_aimodel"))
    client.force_login(editor)
    blind = client.get("/admin/catalog/aimodel/?price=loss", follow=True)
    assert "Sold below cost" not in blind.content.decode()
    assert blind.context["cl"].result_count == 2
    assert "price-history" not in client.get(page(AIModel.objects.get(name="loss"))).content.decode()
    assert "Sold below cost" not in [figure.title for figure in client.get("/admin/").context["figures"]]


def test_the_page_computes_losses_once(admin_client: Client) -> None:
    model = world.model()
    world.price(model, input="1")
    world.price(model, role="cost", input="2")

    with CaptureQueriesContext(connection) as captured:
        body = admin_client.get(page(model)).content.decode()

    assert "below cost" in body
    rules = [query["sql"] for query in captured.captured_queries if 'FROM "pricing_discountrule"' in query["sql"]]
    assert len(rules) == 1


def test_the_report_of_an_import_is_not_loaded_for_its_prices(admin_client: Client) -> None:
    model, run = world.model(), admin_world.import_run()
    sheet = world.price(model, input="1")
    sheet.run = run
    sheet.save()

    for address in (page(model), "/admin/catalog/aimodel/"):
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(address).status_code == 200
        assert not [query["sql"] for query in captured.captured_queries if '"report"' in query["sql"]], address
