"""Browsers load nothing from other hosts on our pages, and run no inline script."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

ADMIN = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGES = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
    "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", "/admin/catalog/aimodel/", "/admin/catalog/aimodel/0/"])
def test_every_response_of_the_admin_has_its_policy(admin_client: Client, path: str) -> None:
    assert admin_client.get(path)["Content-Security-Policy"] == ADMIN


@pytest.mark.parametrize("path", ["/v1/models", "/api/pricing", "/healthz"])
def test_the_api_has_no_policy(client: Client, path: str) -> None:
    assert "Content-Security-Policy" not in client.get(path)


@pytest.mark.parametrize("path", ["/", "/compare", "/docs", "/docs/management"])
def test_public_pages_have_their_own_policy(client: Client, path: str) -> None:
    assert client.get(path, headers={"accept": "text/html"})["Content-Security-Policy"] == PAGES
