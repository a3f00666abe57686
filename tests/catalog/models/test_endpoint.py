"""An endpoint type that a model names cannot be deleted."""

import pytest
from django.db.models import ProtectedError

from catalog.models import EndpointType
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def test_an_endpoint_type_in_use_cannot_be_deleted() -> None:
    endpoint = EndpointType.objects.get_or_create(name="openai", defaults={"path": "/v1/chat/completions"})[0]
    world.model()

    with pytest.raises(ProtectedError):
        endpoint.delete()


def test_a_longer_name_does_not_keep_a_shorter_one_in_use() -> None:
    world.model(supported_endpoint_types=["openai-response"])
    endpoint = EndpointType.objects.get_or_create(name="openai", defaults={"path": "/v1/chat/completions"})[0]

    assert list(endpoint.models_using()) == []
    endpoint.delete()
