"""Default parameters of models: which are valid, and which sources state them."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.forms import modelform_factory
from django.test import Client

from catalog.admin.models import AIModelForm
from catalog.exact import write_json
from catalog.models import AIModel
from catalog.parameters import valid_parameters, validate_parameters
from catalog.sources import openai_models, openrouter
from tests import world

GEMINI = {
    "name": "models/gemini-3.8-flash",
    "version": "001",
    "supportedGenerationMethods": ["generateContent"],
    "temperature": 1,
    "maxTemperature": 2,
    "topP": Decimal("0.95"),
    "topK": 64,
}


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            [],
            "1",
            {"seed": 1},
            {"temperature": None},
            {"temperature": "1"},
            {"temperature": -1},
            {"temperature": True},
        ),
        *({"top_p": Decimal("1.1")}, {"top_k": Decimal("1.5")}, {"temperature": 3, "max_temperature": 2}),
    ],
)
def test_an_invalid_parameter_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        validate_parameters(wrong)


def test_the_valid_parameters_of_a_source_are_read() -> None:
    stated = {"temperature": Decimal("1.0"), "top_p": None, "top_k": "64", "frequency_penalty": 1}

    assert write_json(valid_parameters(stated)) == b'{"temperature":1}'


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "stored"), [('{"temperature": 0.70}', {"temperature": Decimal("0.7")}), ("", {}), ("[1]", None)]
)
def test_the_admins_form(text: str, stored: Any) -> None:
    row = world.model("gpt-4o", default_parameters={"top_k": 1})
    form_class = modelform_factory(AIModel, form=AIModelForm, fields=["name", "version", "default_parameters"])
    form = form_class({"name": "gpt-4o", "version": "2", "default_parameters": text}, instance=row)

    assert ("default_parameters" in form.errors) == (stored is None)
    assert stored is None or form.cleaned_data["default_parameters"] == stored


@pytest.mark.django_db
def test_they_have_a_history() -> None:
    row = world.model("gpt-4o", version="001", default_parameters={"top_p": Decimal("0.95")})

    assert AIModel.history.get(id=row.pk).default_parameters == {"top_p": Decimal("0.95")}


def test_geminis_own_list_has_them() -> None:
    (record,) = openai_models.read(write_json({"models": [GEMINI]})).records

    assert record.version == "001"
    assert record.default_parameters == {
        "temperature": 1, "max_temperature": 2, "top_p": Decimal("0.95"), "top_k": 64
    }  # fmt: skip


def test_the_same_keys_of_another_host_are_ignored() -> None:
    (record,) = openai_models.read(write_json({"data": [{"id": "m", "version": "9", "temperature": 1}]})).records

    assert (record.version, record.default_parameters) == (None, None)


@pytest.mark.parametrize(
    ("stated", "stored"),
    [({"temperature": 1, "top_p": None, "frequency_penalty": None}, {"temperature": 1}), ({"top_p": None}, None)],
)
def test_openrouter_has_them(stated: Any, stored: Any) -> None:
    row = {"id": "a/b", "name": "A: B", "pricing": {"prompt": "0.1", "completion": "0.2"}, "default_parameters": stated}

    (record,) = openrouter.read(write_json({"data": [row]})).records

    assert record.default_parameters == stored


@pytest.mark.django_db
def test_gemini_clients_see_the_known_parameters(client: Client) -> None:
    world.model("known", version="001", default_parameters={"temperature": Decimal("1.0"), "top_p": Decimal("0.95")})
    world.model("unknown")
    headers = {"x-goog-api-key": world.key()}

    known, unknown = (client.get(f"/v1beta/models/{name}", headers=headers) for name in ("known", "unknown"))

    assert known.json()["version"] == "001"
    assert b'"temperature":1,"topP":0.95' in known.content
    assert not {"version", "temperature", "maxTemperature", "topP", "topK"} & unknown.json().keys()
