"""A Codex profile is checked as a whole, because one wrong value makes Codex reject the list of all models."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from catalog.models import CodexProfile
from tests import world

pytestmark = pytest.mark.django_db


def profile(**fields: Any) -> CodexProfile:
    return CodexProfile(**{"model": world.model("m"), "instructions": "You are Codex."} | fields)


def test_a_profile_without_levels_is_valid() -> None:
    profile(reasoning_levels=[]).full_clean()


@pytest.mark.parametrize("levels", [{}, "low", {"effort": "low"}, [{"effort": "low"}], ["low"], [[]]])
def test_levels_that_are_not_a_list_of_levels_are_refused(levels: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        profile(reasoning_levels=levels).full_clean()

    assert list(refused.value.message_dict) == ["reasoning_levels"]
