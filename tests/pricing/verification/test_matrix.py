"""Every published first-party list price, compared with each stored book, figure by figure."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from catalog.models import AIModel, ImportRun, ModelAlias
from pricing.imports.aliases import create_aliases
from tests import world
from tests.pricing.verification import books

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def channel() -> None:
    world.channel("c")


def test_a_figure_that_every_book_states_agrees() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    books.store("models_dev", books.models_dev(gpt_5={"input": 2.5, "output": 10}))
    books.hold("openrouter", books.openrouter(openai__gpt_5={"prompt": "0.0000025", "completion": "0.00001"}))

    row = books.row_of(books.compare(), "gpt-5")

    assert row.state == "agrees"
    assert row.confirmations == 3


def test_one_other_figure_differs_and_says_by_how_much() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 3, "output": 10}))

    row = books.row_of(books.compare(), "gpt-5")

    assert row.state == "differs"
    assert row.text(row.cells["models_dev"].line) == "$3.00 per million tokens"
    assert str(row.change(row.cells["models_dev"])) == "20.0"


def test_two_books_with_the_same_other_figure_outvote_ours() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 3, "output": 10}))
    books.hold("genai_prices", books.genai_prices(gpt_5={"input_mtok": 3, "output_mtok": 10}))

    result = books.compare()

    row = books.row_of(result, "gpt-5")
    assert row.state == "outvoted"
    assert row.quorum is not None
    assert row.quorum.amount == 3
    assert result.is_outvoted
    assert books.row_of(result, "gpt-5", "Output").state == "agrees"


def test_tiers_are_compared_one_by_one() -> None:
    row = {"input_cost_per_token": 2e-06, "input_cost_per_token_above_200k_tokens": 4e-06}
    books.store("litellm", books.litellm(gpt_5=row))
    tiers = [{"input": 5, "tier": {"type": "context", "size": 200_000}}]
    books.hold("models_dev", books.models_dev(gpt_5={"input": 2, "tiers": tiers}))

    result = books.compare()

    assert books.row_of(result, "gpt-5").state == "agrees"
    assert books.row_of(result, "gpt-5", "Input, prompt above 200,000 tokens").state == "differs"


def test_a_figure_that_only_a_book_states_and_one_that_only_we_state() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06", gpt_4="3e-05"))
    books.hold("litellm", books.litellm(gpt_5={"input_cost_per_token": 2.5e-06, "cache_read_input_token_cost": 1e-06}))

    result = books.compare()

    assert books.row_of(result, "gpt-5", "Cached input").state == "only_source"
    assert books.row_of(result, "gpt-4").state == "only_ours"


def test_old_documents_have_no_vote() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    with time_machine.travel(books.START, tick=False):
        old = books.hold("models_dev", books.models_dev(gpt_5={"input": 3, "output": 10}))
        older = books.hold("genai_prices", books.genai_prices(gpt_5={"input_mtok": 3, "output_mtok": 10}))
    moment = books.START - dt.timedelta(days=60)
    ImportRun.objects.filter(pk__in=[old.pk, older.pk]).update(created_at=moment)

    result = books.compare(older_than=dt.timedelta(days=30))

    assert books.row_of(result, "gpt-5").state == "agrees"
    assert books.row_of(books.compare("models_dev", older_than=dt.timedelta(days=30)), "gpt-5").state == "older"
    assert books.row_of(books.compare(), "gpt-5").state == "outvoted"


def test_a_discarded_document_says_nothing() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    run = books.hold("litellm", books.litellm(gpt_5="3e-06"))
    ImportRun.objects.filter(pk=run.pk).update(status=ImportRun.Status.DISCARDED)

    assert books.row_of(books.compare(), "gpt-5").state == "agrees"


@pytest.mark.parametrize("role", ["sell", "cost"])
def test_a_document_of_other_prices_is_not_a_book(role: str) -> None:
    newest = books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    books.store("litellm", books.litellm(gpt_5="1e-06"), role=role)

    assert books.compare("litellm").editions[0].run == newest.pk


def test_aliases_from_an_older_document_do_not_make_it_the_newest() -> None:
    old = books.store("litellm", books.litellm(gpt_5="9e-06"))
    newest = books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    world.model("openai/gpt-5")
    create_aliases(old, {"openai/gpt-5": "gpt-5"}, at=timezone.now())

    assert books.compare("litellm").editions[0].run == newest.pk


def test_a_list_of_a_gateway_is_not_a_book() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    books.store("litellm", books.litellm(gpt_5="9e-06"), role="sell", name="our-proxy")
    books.hold("models_dev", books.models_dev(gpt_5={"input": 2.5, "output": 10}))
    run = ImportRun.objects.get(source__slug="our-proxy")
    run.source.trust = 50
    run.source.save()

    row = books.row_of(books.compare(), "gpt-5")

    assert row.state == "agrees"
    assert row.confirmations == 2


def test_a_hosts_model_is_left_out() -> None:
    books.store(
        "litellm",
        books.litellm(gpt_5="2.5e-06")[:-1]
        + b', "azure/gpt-5": {"litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 3e-06}}',
    )

    result = books.compare()

    assert {row.model for row in result.rows} == {"gpt-5"}
    assert result.left_out == 1


def test_drafts_retired_models_and_sell_prices_are_not_compared() -> None:
    books.store("litellm", books.litellm(gpt_5="2.5e-06", gpt_4="3e-05", gpt_3="3e-05"))
    AIModel.objects.filter(name="gpt-4").update(status=AIModel.Status.DRAFT)
    AIModel.objects.filter(name="gpt-3").update(retires_on=books.START.date())
    world.price(AIModel.objects.get(name="gpt-5"), input="99")

    result = books.compare()

    assert {row.model for row in result.rows} == {"gpt-5"}
    assert books.row_of(result, "gpt-5").state == "agrees"


def test_a_book_is_matched_by_alias_and_by_other_spellings() -> None:
    books.store("litellm", books.litellm(claude_opus_4_5="5e-06", house_name="2.5e-06"))
    ModelAlias.objects.create(name="gpt-5", model=AIModel.objects.get(name="house-name"))
    books.hold("openrouter", b'{"data": [{"id": "anthropic/claude-opus-4.5", "pricing": {"prompt": "0.000006"}}]}')
    books.hold("models_dev", books.models_dev(gpt_5={"input": 3}))

    result = books.compare()

    assert books.row_of(result, "claude-opus-4-5").cells["openrouter"].state == "differs"
    assert books.row_of(result, "house-name").cells["models_dev"].state == "differs"


def test_a_document_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run = books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    books.compare()
    monkeypatch.setattr("pricing.verification.extracts.read_document", lambda *_: pytest.fail("read again"))
    world.price(AIModel.objects.get(name="gpt-5"), role="list", input="3")

    assert books.row_of(books.compare(), "gpt-5").state == "agrees"
    assert run.snapshot.sha256 == books.compare().editions[0].sha256
