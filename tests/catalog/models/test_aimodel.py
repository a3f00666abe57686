"""Rules of models hold in the database and in forms."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from catalog.models import AIModel
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


@pytest.mark.parametrize(
    "name", ["gpt-4o", "a/b:c@d", "模型", "with space", "x", "@cf/meta/llama", "a.b_c-d+e=f", "claude-3.5 (beta)"]
)
def test_a_real_model_id_is_valid(name: str) -> None:
    world.model(name).full_clean()


@pytest.mark.parametrize("name", ["", " a", "a ", "a,b", "a\nb", "a\x00b", "\t", "a\x7f"])
def test_an_id_that_breaks_lists_or_logs_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        AIModel(name=name, vendor=world.vendor()).full_clean()


@pytest.mark.parametrize("parameters", [[], [1], 1])
def test_default_parameters_that_are_no_object_are_refused(parameters: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        AIModel(name="m", vendor=world.vendor(), default_parameters=parameters).full_clean()

    assert list(refused.value.message_dict) == ["default_parameters"]


def test_ids_are_case_sensitive() -> None:
    world.model("GPT-4o")
    world.model("gpt-4o")

    assert AIModel.objects.filter(name="gpt-4o").count() == 1


def test_a_model_cannot_retire_before_it_is_deprecated() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        world.model(deprecated_on=dt.date(2026, 2, 1), retires_on=dt.date(2026, 1, 1))


def test_an_unknown_endpoint_type_is_refused_by_name() -> None:
    model = world.model(supported_endpoint_types=["openai", "telepathy"])

    with pytest.raises(ValidationError, match="telepathy"):
        model.full_clean()


def test_customers_may_call_the_curated_types_even_if_there_are_none() -> None:
    assert world.model("a", public_endpoint_types=None).callable_endpoint_types == ["openai"]
    assert world.model("b", public_endpoint_types=[]).callable_endpoint_types == []
    assert world.model("c", public_endpoint_types=["gemini"]).callable_endpoint_types == ["gemini"]
