"""The usage on the overview: by day and key, each currency by itself, and what is not reported is not 0."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from pricing.admin.dashboard.charts import bar_chart
from pricing.admin.dashboard.usage import Usage, recent_usage
from pricing.engine.formatting.amounts import number
from pricing.engine.money import total
from pricing.models import Spending, UsageCount
from tests import world
from tokens.models import OperatorGroups

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
TODAY = dt.date(2026, 11, 30)
YESTERDAY = TODAY - dt.timedelta(days=1)


@pytest.fixture
def reported(db: None) -> None:
    acme, other = world.token("default", name="Acme")[0], world.token("other", name="Other")[0]
    model = world.model()
    for day, count in ((TODAY, 7), (YESTERDAY, 1200), (TODAY - dt.timedelta(days=14), 99)):
        for reporter in ("one", "two"):
            UsageCount.objects.create(model=model, name="gpt-4o", day=day, reporter=reporter, requests=count)
    for token, day, currency, amount in (
        (acme, TODAY, "USD", "0.1"),
        (acme, YESTERDAY, "USD", "0.2"),
        (other, TODAY, "USD", "10000000000000000.000000000000000001"),
        (acme, TODAY, "CNY", "7"),
        (acme, TODAY - dt.timedelta(days=14), "USD", "500"),
    ):
        Spending.objects.create(
            token_key=token.pk, group_key=1, day=day, currency=currency, amount=Decimal(amount), calls=1500
        )
    Spending.objects.create(token_key=acme.pk, group_key=0, day=TODAY, calls=3, uncounted=3)
    Spending.objects.create(token_key=999_999, group_key=1, day=TODAY, currency="USD", amount=Decimal(4), calls=1)


def usage_of(operator: User | None) -> Usage:
    usage = recent_usage(operator, on=TODAY)
    assert usage is not None
    return usage


def test_figures_are_exact_and_days_without_a_report_have_none(reported: None) -> None:
    usage = usage_of(None)

    assert usage.requests is not None
    assert [bar.text for bar in usage.requests.bars][-3:] == ["not reported", "2,400", "14"]
    assert [bool(bar.height) for bar in usage.requests.bars][-3:] == [False, True, True]
    assert usage.requests.sum == "2,414"
    assert [currency.code for currency in usage.spending] == ["CNY", "USD"]
    dollars = usage.spending[1]
    assert dollars.chart.sum == "$10,000,000,000,000,004.300000000000000001"
    assert dollars.chart.bars[-2].text == "$0.20"
    assert [(key.name, key.calls, key.amount) for key in dollars.keys] == [
        ("Other", "1,500", "$10,000,000,000,000,000.000000000000000001"),
        ("deleted token", "1", "$4.00"),
        ("Acme", "3,000", "$0.30"),
    ]
    assert usage.uncounted == 3


def test_operators_see_only_usage_that_they_may_view(reported: None) -> None:
    user = User.objects.create_user("maria", is_staff=True)
    assert recent_usage(user, on=TODAY) is None
    user.user_permissions.set(Permission.objects.filter(codename="view_usagecount"))
    user = User.objects.get()
    assert usage_of(user).requests is not None
    assert usage_of(user).spending == ()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_usageevent", "view_token"]))
    limit = OperatorGroups.objects.create(operator=user)
    limit.groups.set([world.token_group("default")])

    usage = usage_of(User.objects.get())

    assert usage.requests is None
    assert {key.name for currency in usage.spending for key in currency.keys} == {"Acme"}


def test_the_page_shows_the_figures_in_tables_and_says_how_to_report_usage(admin_client: Client) -> None:
    assert "Add a usage reporter" in admin_client.get("/admin/").content.decode()

    token, _ = world.token(name="Acme")
    today = dt.datetime.now(tz=dt.UTC).date()
    Spending.objects.create(token_key=token.pk, group_key=1, day=today, currency="EUR", amount=Decimal("2.5"), calls=1)
    page = admin_client.get("/admin/").content.decode()

    assert f'<tr><th scope="row">{today}</th><td class="number">€2.50</td></tr>' in page
    assert "<rect" in page
    assert "Add a usage reporter" not in page


@pytest.mark.parametrize(
    ("highest", "top"), [("0", "1"), ("1", "1"), ("0.0031", "0.004"), ("2400", "2,500"), ("9", "10")]
)
def test_the_axis_ends_at_a_number_with_few_digits(highest: str, top: str) -> None:
    chart = bar_chart("Requests", {TODAY: Decimal(highest)}, [TODAY], show=number, sum_of=total)

    assert chart.marks[0][1] == top
    assert float(chart.bars[0].height) >= 1
