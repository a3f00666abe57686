"""The sources of a price on the page of a model: a short line, and a table of each figure."""

from decimal import Decimal

import pytest
from django.test import Client

from catalog.models import Source
from pricing.models import DiscountRule
from tests import world
from tests.pricing.verification import books

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def channel() -> None:
    world.channel("c")


def page_of(query: str = "") -> str:
    return Client().get(f"/models/gpt-5{query}", headers={"accept": "text/html"}).content.decode()


def test_it_shows_source_date_hash_and_confirmations_of_each_figure() -> None:
    run = books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 2.5, "output": 12}))

    page, chinese = page_of(), page_of("?lang=zh")

    day, sha256 = f"{run.snapshot.taken_at:%Y-%m-%d}", run.snapshot.sha256
    assert f"<summary>Source: LiteLLM, {day} · 1-2 sources agree</summary>" in page
    cells = f'LiteLLM</td><td>{day}</td><td>2 sources agree</td><td><code title="{sha256}">{sha256[:12]}</code>'
    assert f'<th scope="row">Input</th><td>{cells}' in page
    assert f"<summary>来源：LiteLLM，{day} · 1-2 个来源一致</summary>" in chinese


def test_a_price_of_two_sources_names_both() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    run = books.hold("models_dev", books.models_dev(gpt_5={"input": 2.5, "output": 10}))
    run.sheets.model.objects.get().lines.filter(meter="output").update(run=run)

    day = f"{run.snapshot.taken_at:%Y-%m-%d}"
    assert f"<summary>Source: LiteLLM, {day} · models.dev, {day} · 2 sources agree</summary>" in page_of()


def test_a_discounted_price_names_the_source_of_the_list_price() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.5"), starts_at=world.LONG_AGO)

    assert "<summary>Source of the list price: LiteLLM, " in page_of()


def test_the_operators_price_has_no_source() -> None:
    world.price(world.model("gpt-5"), input="2.5")

    page = page_of()

    assert '<p class="sources">The operator of this site sets the price.</p>' in page
    assert '<details class="sources">' not in page


def test_a_model_without_a_price_has_no_source() -> None:
    world.model("gpt-5")

    assert 'class="sources"' not in page_of()


def test_a_new_document_is_counted_at_once() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    assert "1 source agrees" in page_of()

    books.hold("models_dev", books.models_dev(gpt_5={"input": 2.5, "output": 10}))

    assert "2 sources agree" in page_of()


def test_a_source_that_becomes_private_is_hidden_at_once() -> None:
    run = books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    assert run.snapshot.sha256 in page_of()

    Source.objects.update(trust=Source.Trust.UPSTREAM)

    assert run.snapshot.sha256 not in page_of()
