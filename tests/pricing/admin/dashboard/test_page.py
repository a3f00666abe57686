"""The overview as a whole: margins, what to do where there is nothing, and a limit on its queries."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import admin_world, world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

BLOCKS = ("attention", "timeline", "usage", "margins", "runs")


def test_the_lowest_margins_come_first(admin_client: Client) -> None:
    for name, price, cost in (("fair", "4", "3"), ("loss", "2", "2.5"), ("free", "0", "1"), ("rich", "9", "1")):
        model = world.model(name)
        world.price(model, input=price)
        world.price(model, role="cost", input=cost)

    shown = [margin for _, margin in admin_client.get("/admin/").context["margins"]]

    assert [(margin.name, margin.share, margin.is_loss) for margin in shown] == [
        ("free", None, True),
        ("loss", Decimal(-25), True),
        ("fair", Decimal(25), False),
        ("rich", shown[3].share, False),
    ]
    assert (shown[1].sell_price, shown[1].cost_price, shown[1].measure) == ("$2.00", "$2.50", "per million tokens")


def test_empty_blocks_say_what_to_do(admin_client: Client) -> None:
    page = admin_client.get("/admin/").content.decode()

    for text in (
        "Nothing waits for you",
        "Schedule a price",
        "Add a usage reporter",
        "Add a price sheet",
        "Upload a doc",
    ):
        assert text in page


def test_blocks_are_only_for_operators_who_may_view_their_tables(client: Client) -> None:
    admin_world.one_of_everything()
    user = User.objects.create_user("maria", is_staff=True)
    client.force_login(user)

    context = client.get("/admin/").context
    assert {name: context[name] for name in BLOCKS} == dict.fromkeys(BLOCKS)
    user.user_permissions.set(Permission.objects.filter(codename="view_aimodel"))
    context = client.get("/admin/").context
    assert [name for name in BLOCKS if context[name] is not None] == ["timeline"]
    assert [figure.title for figure in context["figures"]] == ["Published", "Drafts"]


def test_the_number_of_queries_does_not_depend_on_the_number_of_rows(admin_client: Client) -> None:
    def add(start: int, number: int) -> None:
        for index in range(start, start + number):
            model = world.model(f"m-{index}")
            world.price(model, input="2", output="3")
            world.price(model, role="cost", input="1")
            world.token(name=f"t-{index}")

    add(0, 2)
    admin_client.get("/admin/")
    with CaptureQueriesContext(
        connection,
    ) as few:
        admin_client.get("/admin/")
    add(2, 6)
    admin_client.get("/admin/")
    with CaptureQueriesContext(connection) as many:
        admin_client.get("/admin/")

    assert len(many) == len(few)
    assert len(many) <= 70
