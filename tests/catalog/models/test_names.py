"""One function says why a row should not get its new name, for forms and for programs."""

import pytest

from catalog.models import AIModel, ModelAlias
from catalog.models.names import LOOK_ALIKE, Names, name_errors
from tests import world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("gpt-5", None, None),
        ("GPT-4o", LOOK_ALIKE, "GPT-4o looks like the model gpt-4o, which differs only by upper and lower case."),
        ("best", LOOK_ALIKE, "best is the name of the alias best."),
        ("gpt-4\u043e", "invalid", "width, spaces or letters of another script. Choose another name."),
        ("gpt\u200b-4o", "invalid", "it contains U+200B, which nobody sees. Type the name again."),
        ("a/../b", "invalid", "are places in a path. Choose another name."),
    ],
)
def test_a_new_name_is_compared_with_all_names_of_its_place(name: str, code: str | None, message: str | None) -> None:
    model = world.model("gpt-4o")
    ModelAlias.objects.create(name="best", model=model)
    error = name_errors(AIModel(name=name)).get("name")
    assert (error and error.code) == code
    assert error is None or error.message.endswith(str(message))


def test_a_stored_name_is_not_compared_again_and_a_new_one_is() -> None:
    world.model("gpt-4o")
    model = world.model("GPT-4O")
    assert name_errors(model) == {}
    model.name = "Gpt-4o"
    assert name_errors(model)["name"].code == LOOK_ALIKE


def test_many_rows_are_compared_with_names_that_are_read_once() -> None:
    names = Names(AIModel)
    names.add("model", "gpt-4o")
    assert name_errors(AIModel(name="GPT-4o"), names)["name"].code == LOOK_ALIKE
