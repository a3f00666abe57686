"""The admin's overview shows counts, each with a link to the counted rows."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel
from pricing.admin.dashboard.figures import Figure
from pricing.usage.spending import Cost, record
from tests import admin_world, world

pytestmark = pytest.mark.sql


@pytest.fixture
def busy(db: None) -> None:
    priced = world.model("priced")
    world.price(priced, input="1")
    world.price(priced, role="cost", input="2")
    world.model("unpriced")
    world.model("draft", status=AIModel.Status.DRAFT)
    world.channel("off", enabled=False)
    world.token(expires_at=timezone.now() + dt.timedelta(days=9))
    admin_world.import_run()


def figures(client: Client) -> dict[str, Figure]:
    return {figure.title: figure for figure in client.get("/admin/").context["figures"]}


def test_the_counts_match_the_database(busy: None, admin_client: Client) -> None:
    counts = {title: figure.count for title, figure in figures(admin_client).items()}

    assert counts == {
        "Published": 2,
        "Drafts": 1,
        "Without a price": 1,
        "Sold below cost": 1,
        "Disabled channels": 1,
        "Expiring tokens": 1,
    }


def test_each_count_links_to_as_many_rows(busy: None, admin_client: Client) -> None:
    for figure in figures(admin_client).values():
        response = admin_client.get(figure.link)

        assert response.status_code == 200
        assert response.context["cl"].result_count == figure.count, figure.title


def test_budgets_that_are_used_up_are_counted_if_there_are_any(busy: None, admin_client: Client) -> None:
    team = world.token_group("team", budget_amount=Decimal(2))
    world.token(name="off", budget_amount=Decimal(0), enabled=False)
    tokens = [world.token(name=name, budget_amount=Decimal(1))[0] for name in "abc"]
    amounts = ("1", "1", "0.8")
    record([Cost(row.pk, team.pk, timezone.now(), Decimal(n), "USD") for row, n in zip(tokens, amounts, strict=True)])

    shown = figures(admin_client)

    expected = {"Budgets used up": 2, "Budgets nearly used up": 1, "Groups: budget used up": 1}
    assert {title: figure.count for title, figure in shown.items() if "udget" in title} == expected
    for title, count in expected.items():
        assert admin_client.get(shown[title].link).context["cl"].result_count == count, title


def test_the_last_imports_are_listed(busy: None, admin_client: Client) -> None:
    assert "litellm #" in admin_client.get("/admin/").content.decode()


def test_people_without_permissions_see_no_counts(busy: None, client: Client) -> None:
    client.force_login(User.objects.create_user("guest", is_staff=True))

    response = client.get("/admin/")

    assert response.context["figures"] == []
    assert "litellm" not in response.content.decode()
