"""The document names every place from which a key is read, and a key is accepted in each of them."""

import base64

import pytest
from django.test import Client

from tests import world
from tokens import keys
from tokens.openapi import SECURITY_SCHEMES
from tokens.openapi.parts import SECURITY


def test_every_header_that_a_key_is_read_from_is_in_the_document() -> None:
    described = {
        scheme["name"].lower() if scheme["type"] == "apiKey" else "authorization"
        for scheme in SECURITY_SCHEMES.values()
        if scheme.get("in") != "query"
    }

    assert described == {header.lower() for header in keys.HEADERS}
    assert {"bearer", "basic", "api-key", "key"} <= SECURITY_SCHEMES.keys()
    assert [name for each in SECURITY for name in each] == list(SECURITY_SCHEMES)


@pytest.mark.django_db
@pytest.mark.parametrize("name", SECURITY_SCHEMES)
def test_a_key_is_accepted_in_every_place_of_the_document(client: Client, name: str) -> None:
    scheme, key = SECURITY_SCHEMES[name], world.key()
    secret = base64.b64encode(f"user:{key}".encode()).decode() if name == "basic" else key

    if scheme["type"] == "http":
        answer = client.get("/v1/models", headers={"authorization": f"{scheme['scheme'].title()} {secret}"})
    elif scheme["in"] == "header":
        answer = client.get("/v1/models", headers={scheme["name"]: secret})
    else:
        answer = client.get("/v1/models", {scheme["name"]: secret})

    assert answer.status_code == 200
