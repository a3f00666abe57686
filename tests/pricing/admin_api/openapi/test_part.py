"""The management API's part of the document: complete, without warnings, with names for generated clients."""

from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS

from catalog.exact import write_json
from pricing.admin_api.openapi.part import document_part
from pricing.admin_api.urls import RESOURCES
from tests.pricing.docs.test_document import document, resolved

PREFIX = "/api/admin/v1/"
OPERATIONS = {
    (path, verb): operation
    for path, item in document()["paths"].items()
    for verb, operation in item.items()
    if path.startswith(PREFIX)
}


def names_of(operation: Any) -> set[str]:
    return {resolved(parameter)["name"] for parameter in operation.get("parameters", ())}


def test_it_is_made_without_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    GENERATOR_STATS.reset()

    document_part()

    assert capsys.readouterr().err == ""
    assert not GENERATOR_STATS


def test_it_is_written_as_the_version_says() -> None:
    text = write_json(document_part()).decode()

    for older in ('"nullable"', '"x-spec-enum-id"', '"exclusiveMinimum":true'):
        assert older not in text


def test_each_resource_has_a_tag_with_a_description() -> None:
    tags = {tag["name"]: tag["description"] for tag in document()["tags"]}

    for resource in RESOURCES:
        assert (resource.__doc__ or "").strip() in tags[resource.address.replace("-", " ").capitalize()]


def test_operations_have_names_of_their_own() -> None:
    ids = [operation["operationId"] for item in document()["paths"].values() for operation in item.values()]

    assert len(set(ids)) == len(ids)
    assert {"listVendors", "createVendor", "storeVendors", "getVendor", "updateVendor", "deleteVendor"} <= set(ids)


@pytest.mark.parametrize(("path", "verb"), OPERATIONS)
def test_an_operation_names_its_key_its_parameters_and_every_status(path: str, verb: str) -> None:
    operation = OPERATIONS[path, verb]
    statuses, names = set(operation["responses"]), names_of(operation)

    assert operation["security"] == [{"admin-key": []}]
    assert operation["summary"]
    assert statuses >= {"400", "401", "403", "405", "429", "500", "503"}
    for parameter in operation.get("parameters", ()):
        assert resolved(parameter)["description"], (path, parameter)
    if verb != "get":
        assert {"dry_run", "accept_loss", "X-Change-Reason"} <= names
        assert statuses >= {"200", "409", "413", "415"}
    if verb == "post":
        assert "Idempotency-Key" in names
        assert "422" in statuses
    if verb in ("patch", "delete"):
        assert "If-Match" in names
        assert statuses >= {"404", "412", "428"}


def test_a_list_names_pages_and_filters() -> None:
    names = names_of(OPERATIONS[f"{PREFIX}vendors", "get"])

    assert names >= {"limit", "cursor", "ordering", "fields", "created_since", "updated_since"}
    assert names >= {"slug", "name__icontains", "If-None-Match"}


def test_requests_have_no_unknown_fields_and_none_that_only_responses_have() -> None:
    schemas = document()["components"]["schemas"]
    requests = {name: schema for name, schema in schemas.items() if name.endswith("Request")}

    assert "VendorRequest" in requests
    for name, schema in requests.items():
        assert schema["additionalProperties"] is False, name
    assert "etag" in schemas["Vendor"]["properties"]
    assert "etag" not in schemas["VendorRequest"]["properties"]
