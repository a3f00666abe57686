"""Every source, the admin and the dialects use the same words for what models take, make and can do."""

import pytest
from django.test import Client

from catalog import vocabulary
from catalog.models import AIModel, ModelAlias
from catalog.sources import litellm, starter
from tests import world
from tokens.dialects.anthropic import capabilities


def test_the_starter_catalog_uses_no_other_words() -> None:
    for record in starter.read(starter.FILE.read_bytes()).records:
        assert not vocabulary.unknown(list(record.capabilities or ()), vocabulary.CAPABILITIES), record.name
        assert not vocabulary.unknown(list(record.input_modalities or ()), vocabulary.INPUT_MODALITIES), record.name
        assert not vocabulary.unknown(list(record.output_modalities or ()), vocabulary.OUTPUT_MODALITIES), record.name


def test_litellms_names_become_words_of_the_vocabulary() -> None:
    assert not vocabulary.unknown(list(litellm.CAPABILITIES.values()), vocabulary.CAPABILITIES)
    assert not vocabulary.unknown(list(litellm.INPUT_FLAGS), vocabulary.INPUT_MODALITIES)
    for _, inputs, outputs in litellm.MODES.values():
        assert not vocabulary.unknown(list(inputs), vocabulary.INPUT_MODALITIES)
        assert not vocabulary.unknown(list(outputs), vocabulary.OUTPUT_MODALITIES)


def test_a_name_that_litellm_gives_twice_stands_once() -> None:
    content = b'{"m":{"mode":"chat","supports_response_schema":true,"supports_native_structured_output":true}}'

    (record,) = litellm.read(content).records

    assert record.capabilities == ("structured_outputs",)


@pytest.mark.django_db
def test_every_word_switches_something_on_for_anthropics_clients_or_is_not_theirs() -> None:
    not_theirs = {"tools", "parallel_tools", "prompt_caching", "computer_use"}
    nothing = capabilities(AIModel(capabilities=["tools"]))

    for word in vocabulary.CAPABILITIES:
        assert (capabilities(AIModel(capabilities=[word])) == nothing) == (word in not_theirs), word


def test_the_admin_offers_the_words_and_takes_aliases(admin_client: Client) -> None:
    model = world.model("claude-opus-5-5")
    ModelAlias.objects.create(name="claude-opus-latest", model=model)

    page = admin_client.get(f"/admin/catalog/aimodel/{model.pk}/change/").content.decode()

    assert "<option>structured_outputs</option>" in page
    assert "claude-opus-latest" in page
