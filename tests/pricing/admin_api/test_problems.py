"""Everything that fails below /api/admin/ is a problem, also what fails before a view."""

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

VENDORS = "/api/admin/v1/vendors"


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/api/admin/v1/nothing", 404),
        ("GET", "/api/admin", 404),
        ("GET", "/api/admin/", 404),
        ("GET", "/API/admin/v1/vendors", 404),
        ("GET", f"{VENDORS}/", 404),
        ("PUT", VENDORS, 405),
        ("TRACE", VENDORS, 405),
        ("DELETE", VENDORS, 405),
        ("POST", f"{VENDORS}/acme", 405),
        ("GET", VENDORS, 401),
    ],
)
def test_a_refusal_without_a_key_is_a_problem(client: Client, method: str, address: str, status: int) -> None:
    response = client.generic(method, address, headers={"Origin": "https://example.com", "Accept": "text/html"})

    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert response["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in response
    problem = response.json()
    assert problem["status"] == status
    assert problem.keys() >= {"type", "title", "detail", "errors"}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"slug": "a"', "application/json", 400),
        (b'{"slug": "a", "slug": "b"}', "application/json", 400),
        (b"[" * 5000 + b"]" * 5000, "application/json", 400),
        (b"[" * 500 + b"]" * 500, "application/json", 400),
        (b'{"slug": "\xff"}', "application/json", 400),
        (b'{"slug": NaN}', "application/json", 400),
        (b'{"slug": "\\ud800"}', "application/json", 400),
        (b'{"slug": "\\u0000"}', "application/json", 400),
        (b"", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"slug=a", "application/x-www-form-urlencoded", 415),
        (b"slug=a", "nonsense", 415),
        (b'"' + b"x" * 17 * 1024 * 1024 + b'"', "application/json", 413),
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(api: Any, body: bytes, content_type: str, status: int) -> None:
    response = api.generic("POST", VENDORS, body, content_type=content_type)

    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
