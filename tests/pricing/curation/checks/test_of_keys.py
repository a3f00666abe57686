"""Problems of keys."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from pricing.models import CurrencyRate
from pricing.usage.spending import Cost, record
from tests import world as cast
from tests.pricing.curation.checks.found import correct_model, run_all
from tokens.models import Token

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _correct() -> None:
    correct_model()
    cast.token()


def test_a_key_for_single_ids_of_a_wildcard_model_is_neither_blind_nor_wrong() -> None:
    correct_model("wild-*")
    cast.token(allow=["wild-x1"])
    cast.token(allow=["wild-y*"], deny=["wild-y1"])

    assert run_all() == {}


def test_keys_that_see_no_models_name_unknown_models_or_are_unused() -> None:
    blind = cast.token("empty-group")[0]
    slip = cast.token(allow=["correct", "gpt-4p", "vendor:*", "gpt-*"], deny=["vendor:智谱", "vendor:OTHER"])[0]
    old = cast.token(name="old")[0]
    Token.objects.filter(pk=old.pk).update(created_at=timezone.now() - dt.timedelta(days=91))
    cast.token("empty-group", enabled=False)

    assert run_all() == {
        "blind-token": [f"{blind}: its list of models is empty"],
        "dead-pattern": [f"{slip}: unknown: gpt-4p, vendor:智谱"],
        "unused-token": [f"{old}: never used"],
    }


def test_the_number_of_queries_does_not_depend_on_the_number_of_tokens() -> None:
    counts = []
    for number in (0, 40):
        for place in range(number):
            cast.token(allow=[f"nothing-{place}", f"other-{place}*"], deny=[f"x{place}*"])
        with CaptureQueriesContext(connection) as queries:
            found = run_all()
        assert len(found.get("blind-token", [])) == len(found.get("dead-pattern", [])) == number
        # The names of the findings' tokens.
        counts.append(len(queries) - (number > 0))
    assert counts[1] <= counts[0] + 3


def test_calls_of_unknown_cost_are_reported_where_they_escape_a_budget() -> None:
    team = cast.token_group("default")
    token = cast.token(budget_amount=Decimal(1), name="limited")[0]
    record([Cost(token.pk, team.pk, timezone.now(), None), Cost(token.pk, team.pk, timezone.now(), Decimal(1), "CNY")])
    assert run_all() == {"uncounted-calls": [f"{token}: calls of unknown cost in this period: 2"]}

    team.budget_amount = Decimal(9)
    team.save()
    assert run_all()["uncounted-group-calls"] == ["default: calls of unknown cost in this period: 2"]
    CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(7), as_of=timezone.now().date())
    assert run_all()["uncounted-calls"] == [f"{token}: calls of unknown cost in this period: 1"]


def test_groups_whose_names_people_confuse_are_reported() -> None:
    for name in ("VIP", "vip", "官转", "官轉", "⚡️特价", "⚡特价"):
        cast.token_group(name)

    assert run_all()["similar-groups"] == [
        "vip: its name differs from VIP only by case, width or the colour of an emoji",
        "⚡️特价: its name differs from ⚡特价 only by case, width or the colour of an emoji",
    ]
