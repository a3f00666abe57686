"""The bodies in the document are those of requests that work, and rows narrowed by `fields` are as it says."""

from typing import Any

import jsonschema
import pytest

from catalog.imports.fetching import Fetched
from pricing.admin_api.openapi.part import document_part
from pricing.admin_api.resources import imports
from pricing.admin_api.urls import RESOURCES
from tests import world

pytestmark = pytest.mark.django_db

API = "/api/admin/v1"
DOCUMENT = b'{"gpt-4o-mini": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.5e-07}}'


def conforms(body: Any, schema: Any) -> None:
    root = {**schema, "components": document_part()["components"]}
    jsonschema.Draft202012Validator(root).validate(body)


def test_the_examples_of_bodies_work(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "fetch", lambda _: Fetched(content=DOCUMENT, etag="", last_modified=""))
    world.model("gpt-4o")
    paths = document_part()["paths"]

    sent = []
    for resource in RESOURCES:
        for method in resource.examples:
            assert method == "create"
            body = paths[f"{API}/{resource.address}"]["post"]["requestBody"]["content"]["application/json"]
            [example] = body["examples"].values()
            conforms(example["value"], body["schema"])
            response = api.post(f"{API}/{resource.address}", example["value"])
            assert response.status_code == 201, response.content
            sent.append(resource.address)

    assert {"tokens", "models", "price-sheets", "webhooks", "import-runs"} <= {*sent}


def test_a_row_has_all_its_fields_or_those_that_were_chosen(api: Any) -> None:
    world.vendor()
    paths = document_part()["paths"]
    of_list, of_row = (
        paths[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        for path in (f"{API}/vendors", f"{API}/vendors/{{slug}}")
    )

    for query in ("", "?fields=slug,etag"):
        conforms(api.get(f"{API}/vendors{query}").json(), of_list)
        conforms(api.get(f"{API}/vendors/openai{query}").json(), of_row)
    with pytest.raises(jsonschema.ValidationError):
        conforms({"slug": "openai", "colour": "red"}, of_row)
