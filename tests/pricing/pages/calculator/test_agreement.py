"""The page and POST /api/pricing/quote: the same amount for the same usage, for each form of price."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client, RequestFactory

from catalog.exact import read_json, write_json
from catalog.models import AIModel
from catalog.prices import Sheet
from pricing.engine.formatting.amounts import short_money
from pricing.management.commands.quickstart import load_starter_catalog
from pricing.pages.calculator.form import calculator
from pricing.pages.calculator.questions import Question, quantity, questions
from pricing.pages.listing.prices import prices
from pricing.pages.visitor import Visitor
from tests.samples import HERE

pytestmark = pytest.mark.django_db

READERS = ("litellm", "models_dev", "genai_prices", "openrouter", "new_api")


def answers_to_try(fields: tuple[Question, ...]) -> Iterator[dict[str, str]]:
    """The example; all meters at once; and each option with all meters."""
    yield {field.name: field.value for field in fields}
    everything = {field.name: "1234" if field.name.startswith("u.") else field.value for field in fields}
    yield everything
    for field in fields:
        yield from (everything | {field.name: value} for value, _label in field.options)
        if field.name.startswith("f.") and not field.options:
            yield from (everything | {field.name: value} for value in ("1", "300000"))


def question_of(name: str, fields: tuple[Question, ...], visitor: Visitor) -> dict[str, Any]:
    """What a program asks for the same usage."""
    usage: dict[str, Any] = {}
    for field in fields:
        if field.name.startswith("u.") and (number := quantity(field.value)):
            meter, _colon, unit = field.name.removeprefix("u.").partition(":")
            usage.setdefault(meter, {"quantity": number, **({"unit": unit} if unit else {})})
    facts = {name: fact for field in fields for name, fact in field.facts.items()}
    moment = next((field.moment for field in fields if field.moment), visitor.at)
    # Earlier this week, other prices may have applied.
    moment += dt.timedelta(7 if moment < visitor.at else 0)
    return {"model": name, "usage": usage, "request": facts, "at": moment.isoformat()}


def sheets() -> Iterator[tuple[str, Sheet, Visitor]]:
    visitor = Visitor.from_request(RequestFactory().get("/"))
    models = list(AIModel.objects.published().select_related("vendor"))
    for key, sheet in prices(models, visitor.public, visitor).items():
        yield next(model.name for model in models if model.pk == key), sheet, visitor


@pytest.mark.parametrize("source", ["starter", *READERS])
def test_the_page_and_the_api_agree(client: Client, source: str) -> None:
    if source == "starter":
        load_starter_catalog()
    else:
        file = str(next(HERE.glob(f"{source}.*")))
        call_command("import_catalog", source, file=file, channel="main", publish=True, apply=True, verbosity=0)
    compared = 0
    for name, sheet, visitor in sheets():
        form = calculator(sheet, {}, at=visitor.at)
        if form is None:
            continue
        for answers in answers_to_try(form.questions):
            fields = questions(sheet, answers, day=visitor.day)
            meters = [field.name.partition(":")[0] for field in fields if field.name.startswith("u.") and field.value]
            if len(meters) != len(set(meters)):
                # A usage of the API has one quantity for each meter.
                continue
            page = calculator(sheet, answers, at=visitor.at)
            question = question_of(name, fields, visitor)
            response = client.post("/api/pricing/quote", write_json(question), content_type="application/json")
            assert response.status_code == 200, response.content
            amount = read_json(response.content)["amount"]
            assert page is not None
            assert page.result is not None, (name, answers, page.error)
            expected = "no price for this" if amount is None else short_money(Decimal(amount), sheet.currency)
            assert page.result.total == expected, (name, answers)
            compared += 1
    assert compared >= 2


def test_the_example_of_a_paid_model_costs_something() -> None:
    load_starter_catalog()

    for name, sheet, visitor in sheets():
        form = calculator(sheet, {}, at=visitor.at)
        if form is not None and sheet.state == "priced":
            assert form.result is not None, name
            assert any(digit in form.result.total for digit in "123456789"), (name, form.result.total)
