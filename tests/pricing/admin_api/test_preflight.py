"""OPTIONS of the management API; web pages of other sites cannot read it."""

from django.test import Client


def test_a_preflight_gets_no_permission(client: Client) -> None:
    headers = {"Origin": "https://example.com", "Access-Control-Request-Method": "POST"}
    response = client.options("/api/admin/v1/vendors", headers=headers)

    assert response.status_code == 204
    assert response["Allow"] == "GET, POST, HEAD, OPTIONS"
    assert not [name for name in response.headers if name.lower().startswith("access-control")]
