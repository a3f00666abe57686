"""The sources of a price on the page of a model: a short line, and a table of each figure."""

from decimal import Decimal

import pytest
from django.test import Client

from catalog.models import AIModel, Source
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
    assert f"<summary>Source: LiteLLM, {day} · confirmed by at least 1 of 2 sources</summary>" in page
    cells = f'LiteLLM</td><td>{day}</td><td>2 of 2 sources</td><td><code title="{sha256}">{sha256[:12]}</code>'
    assert f'<th scope="row">Input</th><td>{cells}' in page
    assert "1 of 2 sources<small>not by models.dev $12.00 per million tokens</small>" in page
    assert f"<summary>来源：LiteLLM，{day} · 至少 2 个来源中的 1 个确认</summary>" in chinese


def test_a_price_of_two_sources_names_both() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    run = books.hold("models_dev", books.models_dev(gpt_5={"input": 2.5, "output": 10}))
    run.sheets.model.objects.get().lines.filter(meter="output").update(run=run)

    day = f"{run.snapshot.taken_at:%Y-%m-%d}"
    assert f"<summary>Source: LiteLLM, {day} · models.dev, {day} · confirmed by 2 of 2 sources</summary>" in page_of()


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
    assert "confirmed by 1 of 1 source<" in page_of()

    books.hold("models_dev", books.models_dev(gpt_5={"input": 2.5, "output": 10}))

    assert "confirmed by 2 of 2 sources<" in page_of()


def test_a_source_that_becomes_private_is_hidden_at_once() -> None:
    run = books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    assert run.snapshot.sha256 in page_of()

    Source.objects.update(trust=Source.Trust.UPSTREAM)

    assert run.snapshot.sha256 not in page_of()


def test_facts_have_their_source_and_confirmations() -> None:
    prices = {"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05}
    run = books.store("litellm", books.litellm(gpt_5=prices | {"max_input_tokens": 1000, "max_output_tokens": 64}))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 2.5, "output": 10}))

    page = page_of()

    details = page.split("Sources of the details</summary>")[1].split("</details>")[0]
    source = f"<td>LiteLLM</td><td>{run.snapshot.taken_at:%Y-%m-%d}</td>"
    assert f'<th scope="row">Context</th>{source}<td>2 of 2 sources</td>' in details
    assert f'<th scope="row">Maximum output</th>{source}<td>1 of 1 source</td>' in details
    assert run.snapshot.sha256 in details


def test_a_fact_that_a_person_changed_is_the_operators_and_is_still_compared() -> None:
    prices = {"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05}
    books.store("litellm", books.litellm(gpt_5=prices | {"max_input_tokens": 1000}))
    model = AIModel.objects.get()
    model.context_length = 2000
    model.save()

    details = page_of().split("Sources of the details</summary>")[1]

    row = '<th scope="row">Context</th><td>Operator</td><td></td><td>0 of 1 source<small>not by LiteLLM</small></td>'
    assert row in details


def test_facts_that_the_operator_entered_have_no_source() -> None:
    world.model("gpt-5", context_length=4096)

    assert "Sources of the details" not in page_of()
