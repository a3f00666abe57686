"""Thousands of requests made from the OpenAPI document: each answer is one that the document knows.

`python -m tests --full` makes many more of them. tests/pricing/admin_api/test_schemathesis.py has the management API.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from config.wsgi import application
from pricing.api.openapi import document as own_document
from pricing.docs.document import document
from tests import world
from tests.sizes import size
from tokens.http.fastpath import FastPath
from tokens.openapi import PARAMETERS

CASES = size(8, full=40)
KEY = "sk-nobody-was-ever-given-this-one"
# What the first two hold against us is meant: parameters of other dialects are not read, so they cannot be wrong, and
# a cursor of the right form may lead nowhere. The third takes away a key, but not the one that is added here.
LEFT_OUT = {"negative_data_rejection", "positive_data_acceptance", "ignored_auth"}
load_all_checks()
ALL_CHECKS = [check for check in CHECKS.get_all() if check.__name__ not in LEFT_OUT]


def can_be_wrong(operation: Any) -> bool:
    """Whether something may be sent that the document forbids; most parameters take any text."""
    names = [
        parameter["$ref"].rpartition("/")[2] for parameter in operation.get("parameters", ()) if "$ref" in parameter
    ]
    typed = any(PARAMETERS[name]["schema"]["type"] != "string" for name in names)
    return typed or "requestBody" in operation


def requests() -> Iterable[Any]:
    """An address, a method, whether what is sent is as the document says, and whether a key is."""
    for path, item in own_document()["paths"].items():
        for verb, operation in item.items():
            yield path, verb.upper(), GenerationMode.POSITIVE, True
            yield path, verb.upper(), GenerationMode.POSITIVE, False
            if can_be_wrong(operation):
                yield path, verb.upper(), GenerationMode.NEGATIVE, True


@pytest.fixture(scope="module")
def schema() -> Iterator[Any]:
    """The document, and behind it what gunicorn serves: the fast path, and Django behind it."""
    schema = schemathesis.openapi.from_dict(document())
    schema.app = application
    yield schema
    # Its own connection would keep the test database from being dropped.
    assert isinstance(application, FastPath)
    application.states.clear()


@pytest.fixture
def _catalog(db: None, one_connection: None) -> None:
    world.model("gpt-4o")
    world.model("claude-opus-5-5", capabilities=["reasoning"])
    world.price(world.model("org/model:free"), input="0", output="0")


@pytest.mark.usefixtures("_catalog")
@pytest.mark.parametrize(("path", "verb", "mode", "has_key"), list(requests()))
def test_no_request_meets_an_answer_that_the_document_does_not_know(
    schema: Any, path: str, verb: str, mode: GenerationMode, has_key: bool
) -> None:
    # The WSGI client reads no compressed bodies.
    headers = {"authorization": f"Bearer {world.key() if has_key else KEY}", "accept-encoding": "identity"}

    @given(case=schema[path][verb].as_strategy(generation_mode=mode))
    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any) -> None:
        answers.append(case.call_and_validate(headers=headers, checks=ALL_CHECKS))

    answers: list[Any] = []
    ask()
    assert answers
