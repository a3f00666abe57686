"""The command verify_prices: exit codes, text and JSON."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalog.models import ImportRun, Snapshot
from tests import world
from tests.pricing.verification import books

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def prices() -> None:
    world.channel("c")
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))


def outvote() -> None:
    books.hold("models_dev", books.models_dev(gpt_5={"input": 3, "output": 10}))
    books.hold("genai_prices", books.genai_prices(gpt_5={"input_mtok": 3, "output_mtok": 10}))


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    if code:
        with pytest.raises(SystemExit) as error:
            call_command("verify_prices", *arguments)
        assert error.value.code == code
    else:
        call_command("verify_prices", *arguments)
    return capsys.readouterr().out


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> Any:
    return json.loads(run(capsys, *arguments, "--format", "json", code=code))


def test_it_passes_without_a_quorum_against_us(capsys: pytest.CaptureFixture[str]) -> None:
    books.hold("models_dev", books.models_dev(gpt_5={"input": 3, "output": 10}))

    output = run(capsys)

    assert "A book states another figure (1)" in output
    assert (
        "gpt-5: Input: ours $2.50 per million tokens; LiteLLM agrees; models.dev $3.00 per million tokens (+20%"
        in output
    )
    assert "OpenRouter: no stored document. Import it, or let sync_sources fetch it." in output
    assert "1 model, 2 figures: 0 outvoted, 1 differs, 0 only source, 0 older, 0 only ours, 1 agrees" in output


def test_it_fails_if_a_quorum_disagrees(capsys: pytest.CaptureFixture[str]) -> None:
    outvote()

    assert "A quorum of books disagrees with our figure (1)" in run(capsys, code=1)


def test_only_the_chosen_books_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    outvote()

    report = as_json(capsys, "--against", "litellm,genai-prices")

    assert [source["source"] for source in report["sources"]] == ["litellm", "genai_prices"]
    assert report["outcome"] == "passed"


def test_json_has_every_figure_with_its_states_and_snapshots(capsys: pytest.CaptureFixture[str]) -> None:
    outvote()

    report = as_json(capsys, code=1)

    assert report["outcome"] == "outvoted"
    assert report["counts"] == {
        "outvoted": 1,
        "differs": 0,
        "only_source": 0,
        "older": 0,
        "only_ours": 0,
        "agrees": 1,
    }
    figure = next(figure for figure in report["figures"] if figure["meter"] == "input")
    assert figure["model"] == "gpt-5"
    assert figure["ours"] == {"amount": 2.5e-06, "per": 1, "unit": "token"}
    assert figure["quorum"] == {"amount": 3, "per": 1_000_000, "unit": "token"}
    cell = figure["sources"]["models_dev"]
    assert (cell["state"], cell["amount"], cell["percent"]) == ("differs", 3, 20)
    assert cell["since"]
    hashes = {source["snapshot"] for source in report["sources"]} - {None}
    assert hashes == set(Snapshot.objects.values_list("sha256", flat=True))


def test_a_document_is_too_old_after_the_given_days(capsys: pytest.CaptureFixture[str]) -> None:
    outvote()
    for run_ in ImportRun.objects.filter(source__slug__in=["models_dev", "genai_prices"]):
        ImportRun.objects.filter(pk=run_.pk).update(created_at=books.START.replace(year=2025))

    assert "too old to count" in run(capsys)
    run(capsys, "--older-than", "100000", code=1)


@pytest.mark.parametrize("books_named", ["litelm", "", "csv"])
def test_an_unknown_book_is_refused(books_named: str) -> None:
    with pytest.raises(CommandError) as error:
        call_command("verify_prices", "--against", books_named)

    assert error.value.returncode == 2


def test_without_a_stored_document_there_is_nothing_to_compare() -> None:
    with pytest.raises(CommandError, match="No document of openrouter is stored") as error:
        call_command("verify_prices", "--against", "openrouter")

    assert error.value.returncode == 2
