"""An alias of an id that a wildcard model serves, or of a wildcard id, is never made without a person."""

import pytest

from tests import world
from tests.pricing.imports.test_aliases import spellings, waiting

pytestmark = pytest.mark.django_db


def test_an_id_that_a_wildcard_model_serves_is_a_doubt() -> None:
    for name in ("gpt-5.5", "openai/*"):
        world.price(world.model(name), role="list", input="2", output="8")
    spelling = spellings(waiting("openai/gpt-5.5"))["openai/gpt-5.5"]
    assert spelling.doubts == ("calls of this id are now served by openai/*",)


def test_a_wildcard_id_is_a_doubt() -> None:
    world.price(world.model("gpt-5.5-*"), role="list", input="2", output="8")
    spelling = spellings(waiting("openai/gpt-5.5-*"))["openai/gpt-5.5-*"]
    assert spelling.doubts == ("openai/gpt-5.5-* stands for many ids, and an alias is one",)
