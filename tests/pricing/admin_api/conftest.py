"""A client of the management API."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient


@pytest.fixture
def api(db: None) -> Any:
    """A client whose operator may do everything; it sends JSON."""
    client: Any = APIClient()
    client.default_format = "json"
    client.force_authenticate(User.objects.create_superuser("alice"))
    return client
