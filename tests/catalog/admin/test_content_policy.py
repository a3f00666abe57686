"""What browsers are told to load on the admin's pages: nothing of another host, and no script in a page."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/catalog/aimodel/", "/admin/catalog/aimodel/0/"])
def test_every_answer_of_the_admin_has_a_policy(admin_client: Client, path: str) -> None:
    policy = admin_client.get(path)["Content-Security-Policy"]

    assert "default-src 'self';" in policy
    assert "script-src 'self' 'unsafe-eval';" in policy
    assert "http" not in policy


@pytest.mark.parametrize("path", ["/v1/models", "/api/pricing", "/healthz"])
def test_other_addresses_have_none_of_it(client: Client, path: str) -> None:
    assert "Content-Security-Policy" not in client.get(path)


def test_the_pages_keep_their_own(client: Client) -> None:
    assert "default-src 'none';" in client.get("/")["Content-Security-Policy"]
