"""A client of the management API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from tests import world

SCOPES = ("read", "catalog", "prices", "tokens", "imports")


class JsonClient(APIClient):
    """A client that sends JSON."""

    default_format = "json"


@pytest.fixture
def api_as(db: None) -> Callable[..., Any]:
    """A client with a new admin key of an operator, with these scopes or all."""

    def connect(operator: User, *scopes: str) -> Any:
        _, key = world.admin_key(*(scopes or SCOPES), operator=operator)
        return JsonClient(headers={"Authorization": f"Bearer {key}"})

    return connect


@pytest.fixture
def api(api_as: Callable[..., Any]) -> Any:
    """A client whose operator may do everything."""
    return api_as(User.objects.create_superuser("alice"))
