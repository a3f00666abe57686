"""Requests made from the document of the management API: each answer is one that the document knows.

`python -m tests --full` makes many more of them.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from config.wsgi import application
from pricing.admin_api.openapi.part import document_part
from pricing.admin_api.resource import Resource
from pricing.admin_api.urls import RESOURCES
from pricing.curation.health_checks import RULES
from pricing.docs.document import document
from tests import admin_world, world
from tests.sizes import size
from tokens.http.fastpath import FastPath

CASES = size(1, full=30)
# A valid value may still name a row that does not exist, or contradict another field.
LEFT_OUT = {"positive_data_acceptance"}
load_all_checks()
ALL_CHECKS = [check for check in CHECKS.get_all() if check.__name__ not in LEFT_OUT]
BY_TAG: dict[str, type[Resource]] = {each.address.replace("-", " ").capitalize(): each for each in RESOURCES}
SCOPES = ("read", "catalog", "prices", "tokens", "imports")


def operations_of(tag: str) -> list[tuple[str, str]]:
    paths = document_part()["paths"]
    return [(path, verb.upper()) for path, item in paths.items() for verb in item if item[verb]["tags"] == [tag]]


@pytest.fixture(scope="module")
def schema() -> Iterator[Any]:
    """The document, and behind it what gunicorn serves."""
    schema = schemathesis.openapi.from_dict(document())
    schema.app = application
    yield schema
    # Its own connection would keep the test database from being dropped.
    assert isinstance(application, FastPath)
    application.states.clear()


@pytest.fixture
def key_of_row(db: None, one_connection: None) -> Callable[[str], Any]:
    """The key of a row that exists, by the tag of its resource."""
    rows = admin_world.one_of_everything()

    def find(tag: str) -> Any:
        resource = BY_TAG[tag]
        if resource.lookup_field == "rule":
            return RULES[0].name
        table: Any = resource.serializer_class.Meta.model  # type: ignore[union-attr]
        row = rows.get(table._meta.label_lower) or table._default_manager.first()
        for name in resource.lookup_field.split("__"):
            row = getattr(row, name) if row is not None else None
        return row

    return find


@pytest.mark.parametrize("tag", BY_TAG)
def test_no_request_meets_an_answer_that_the_document_does_not_know(
    schema: Any, key_of_row: Callable[[str], Any], tag: str
) -> None:
    key = world.admin_key(*SCOPES)[1]
    existing = key_of_row(tag)

    for path, verb in operations_of(tag):
        for mode in GenerationMode:
            with transaction.atomic():
                known = existing if "{" in path and mode is GenerationMode.POSITIVE else None
                assert ask(schema[path][verb], mode, key=key, existing=known), (path, verb)
                transaction.set_rollback(True)


def ask(operation: Any, mode: GenerationMode, *, key: str, existing: Any) -> list[Any]:
    """The answers to requests of one method; `existing` is the key of a row that they are about."""

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def call(case: Any) -> None:
        if existing is not None:
            case.path_parameters = dict.fromkeys(case.path_parameters, existing)
        case.headers.update({"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"})
        answers.append(case.call_and_validate(checks=ALL_CHECKS))

    answers: list[Any] = []
    call()
    return answers
