"""Rules of aliases hold in forms."""

import pytest
from django.core.exceptions import ValidationError

from catalog.models import ModelAlias
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def test_an_alias_is_not_a_models_id() -> None:
    model = world.model()

    with pytest.raises(ValidationError):
        ModelAlias(name="gpt-4o", model=model).full_clean()
