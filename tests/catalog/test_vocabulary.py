"""All sources, the admin and the dialects use the same names for input types, output types and capabilities."""

import pytest
from django.test import Client

from catalog import vocabulary
from catalog.models import AIModel, ModelAlias
from catalog.sources import litellm, starter
from tests import world
from tokens.dialects.anthropic import capabilities


def test_the_starter_catalog_uses_only_the_vocabulary() -> None:
    for record in starter.read(starter.FILE.read_bytes()).records:
        assert not vocabulary.unknown(list(record.capabilities or ()), vocabulary.CAPABILITIES), record.name
        assert not vocabulary.unknown(list(record.input_modalities or ()), vocabulary.INPUT_MODALITIES), record.name
        assert not vocabulary.unknown(list(record.output_modalities or ()), vocabulary.OUTPUT_MODALITIES), record.name


def test_litellms_names_are_mapped_to_the_vocabulary() -> None:
    assert not vocabulary.unknown(list(litellm.CAPABILITIES.values()), vocabulary.CAPABILITIES)
    assert not vocabulary.unknown(list(litellm.INPUT_FLAGS), vocabulary.INPUT_MODALITIES)
    for _, inputs, outputs in litellm.MODES.values():
        assert not vocabulary.unknown(list(inputs), vocabulary.INPUT_MODALITIES)
        assert not vocabulary.unknown(list(outputs), vocabulary.OUTPUT_MODALITIES)


def test_two_names_of_one_capability_give_one() -> None:
    content = b'{"m":{"mode":"chat","supports_response_schema":true,"supports_native_structured_output":true}}'

    (record,) = litellm.read(content).records

    assert record.capabilities == ("structured_outputs",)


@pytest.mark.django_db
def test_every_word_enables_something_for_anthropic_clients_or_is_listed_here() -> None:
    not_theirs = {"tools", "parallel_tools", "prompt_caching", "computer_use"}
    nothing = capabilities(AIModel(capabilities=["tools"]))

    for word in vocabulary.CAPABILITIES:
        assert (capabilities(AIModel(capabilities=[word])) == nothing) == (word in not_theirs), word


def test_the_admin_suggests_the_words_and_accepts_aliases(admin_client: Client) -> None:
    model = world.model("claude-opus-5-5")
    ModelAlias.objects.create(name="claude-opus-latest", model=model)

    page = admin_client.get(f"/admin/catalog/aimodel/{model.pk}/change/").content.decode()

    assert "<option>structured_outputs</option>" in page
    assert "claude-opus-latest" in page


@pytest.mark.parametrize(
    ("types", "outputs", "returns"),
    [
        ([], [], True),
        (["openai"], [], True),
        (["gemini", "image-generation"], [], True),
        (["image-generation"], [], False),
        (["midjourney"], [], False),
        (["openai"], ["image"], False),
        (["openai-video"], ["text"], True),
    ],
)
def test_models_return_text_by_their_outputs_or_else_by_their_types(
    types: list[str], outputs: list[str], *, returns: bool
) -> None:
    assert vocabulary.returns_text(types, outputs) is returns
