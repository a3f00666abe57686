"""Visitors see the source of list prices from public books, and "operator" for everything else."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalog.models import Snapshot, Source
from catalog.prices import MILLION
from pricing.models import DiscountRule, PriceSheet
from pricing.verification.provenance import is_public
from tests import world
from tests.pricing.verification import books

pytestmark = pytest.mark.django_db

SECRET = "https://mirror.internal.example/prices.json"


@pytest.fixture(autouse=True)
def channel() -> None:
    world.channel("c")


def explained(**parameters: str) -> dict[str, list[dict[str, Any]]]:
    """Model -> its explained figures."""
    answer = Client().get("/api/pricing", {"explain": "1", "unpriced": "rows"} | parameters)
    assert answer.status_code == 200, answer.content
    return {row["model_name"]: row["explain"] for row in answer.json()["data"]}


def test_each_figure_has_its_source_date_hash_and_confirmations() -> None:
    run = books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 2.5, "output": 12}))

    prompt, completion = explained()["gpt-5"]

    assert (prompt["meter"], prompt["amount"], prompt["per"], prompt["unit"]) == ("input", 2.5e-06, 1, "token")
    assert (prompt["role"], prompt["source"]) == ("list", "LiteLLM")
    assert prompt["url"].startswith("https://raw.githubusercontent.com/BerriAI/litellm/")
    assert prompt["fetched_at"].startswith(f"{run.snapshot.taken_at:%Y-%m-%dT%H:%M}")
    assert Snapshot.objects.get(sha256=prompt["snapshot"]) == run.snapshot
    assert (prompt["confirmed_by"], completion["confirmed_by"]) == (2, 1)


def test_a_line_of_another_import_has_its_own_source() -> None:
    run = books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    other = books.hold("models_dev", books.models_dev(gpt_5={"input": 2.5, "output": 10}))
    PriceSheet.objects.get().lines.filter(meter="output").update(run=other)

    prompt, completion = explained()["gpt-5"]

    assert prompt["snapshot"] == run.snapshot.sha256
    assert (completion["source"], completion["snapshot"]) == ("models.dev", other.snapshot.sha256)


def test_a_persons_price_is_the_operators_without_a_name() -> None:
    User.objects.create_user("mia", "mia@example.com")
    sheet = world.price(world.model("gpt-5"), role="list", input="2.5")
    PriceSheet.objects.filter(pk=sheet.pk).update(author=User.objects.get(), reason="mia decided")

    (figure,) = explained()["gpt-5"]

    assert figure["source"] == "operator"
    assert not {"url", "fetched_at", "snapshot"} & figure.keys()
    assert b"mia" not in Client().get("/api/pricing?explain=1").content


def test_a_sell_price_is_the_operators_wherever_it_was_imported_from() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"), role="sell")

    figures = explained()["gpt-5"]

    assert {(figure["role"], figure["source"]) for figure in figures} == {("sell", "operator")}
    assert all("snapshot" not in figure for figure in figures)


@pytest.mark.parametrize(
    ("fields", "origin"),
    [
        ({}, SECRET),
        ({"url": SECRET}, "prices.json"),
        ({"url": "https://raw.githubusercontent.com/our-company/prices/main/litellm.json"}, "prices.json"),
        ({"trust": Source.Trust.UPSTREAM}, "prices.json"),
        ({"trust": Source.Trust.BY_HAND}, "prices.json"),
        ({"kind": Source.Kind.SELL}, "prices.json"),
        ({"slug": "our-host", "reader": "openai_models"}, "prices.json"),
        ({"slug": "our-prices", "reader": "csv"}, "prices.json"),
    ],
)
def test_a_private_document_is_the_operators(fields: dict[str, Any], origin: str) -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    Source.objects.update(**fields)
    Snapshot.objects.update(origin=origin)

    figures = explained()["gpt-5"]

    assert {figure["source"] for figure in figures} == {"operator"}
    answer = Client().get("/api/pricing?explain=1").content.decode()
    page = Client().get("/models/gpt-5", headers={"accept": "text/html"}).content.decode()
    for secret in ("mirror.internal", "our-company", "our-", Snapshot.objects.get().sha256[:12]):
        assert secret not in answer
        assert secret not in page


@pytest.mark.parametrize("moment", [{}, {"as_of": "2100-01-01"}])
def test_a_source_that_becomes_private_is_hidden_at_once(moment: dict[str, str]) -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    assert {figure["source"] for figure in explained(**moment)["gpt-5"]} == {"LiteLLM"}

    Source.objects.update(trust=Source.Trust.UPSTREAM)

    assert {figure["source"] for figure in explained(**moment)["gpt-5"]} == {"operator"}


def test_a_renamed_source_shows_its_public_name() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    Source.objects.update(name="LiteLLM via 10.0.0.7")

    assert {figure["source"] for figure in explained()["gpt-5"]} == {"LiteLLM"}


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://raw.githubusercontent.com/BerriAI/litellm/v1/model_prices_and_context_window.json", True),
        ("model_prices.json", True),
        ("", True),
        ("https://raw.githubusercontent.com/BerriAI/other/main/x.json", False),
    ],
)
def test_a_public_document_is_a_file_or_from_the_books_own_address(origin: str, expected: bool) -> None:
    assert is_public(Source(slug="litellm", kind="list", trust=30), origin) is expected


def test_a_discount_does_not_change_what_the_source_states() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.5"), starts_at=world.LONG_AGO)

    figure = explained()["gpt-5"][0]

    assert (figure["amount"], figure["confirmed_by"]) == (2.5e-06, 1)


def test_prices_of_other_groups_are_not_explained() -> None:
    sheet = world.price(world.model("gpt-5"), role="list", input="2.5")
    vip = [{"dim": "group", "op": "eq", "value": "vip"}]
    world.line(sheet, "input", "1", conditions=vip, per=MILLION)

    assert [figure["amount"] for figure in explained()["gpt-5"]] == [2.5]


def test_figures_of_another_day_are_not_compared_with_todays_books() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))

    (figure, *_) = explained(as_of="2100-01-01")["gpt-5"]

    assert figure["source"] == "LiteLLM"
    assert "confirmed_by" not in figure


def test_a_hosts_model_is_not_compared() -> None:
    content = b'{"azure/gpt-5": {"litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 3e-06}}'
    books.store("litellm", content)

    (figure,) = explained()["azure/gpt-5"]

    assert figure["source"] == "LiteLLM"
    assert "confirmed_by" not in figure


def test_the_explained_list_has_its_own_tag_and_changes_with_the_books() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    client = Client()
    plain, first = client.get("/api/pricing"), client.get("/api/pricing?explain=1")
    assert plain["ETag"] != first["ETag"]
    assert plain.json()["pricing_version"] == first.json()["pricing_version"]
    assert client.get("/api/pricing?explain=1", headers={"if-none-match": first["ETag"]}).status_code == 304

    books.hold("models_dev", books.models_dev(gpt_5={"input": 2.5, "output": 10}))

    assert client.get("/api/pricing?explain=1", headers={"if-none-match": first["ETag"]}).status_code == 200
    assert client.get("/api/pricing", headers={"if-none-match": plain["ETag"]}).status_code == 304
    assert "explain" not in client.get("/api/pricing").json()["data"][0]


def test_explain_must_be_1() -> None:
    answer = Client().get("/api/pricing?explain=yes")

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "explain"
