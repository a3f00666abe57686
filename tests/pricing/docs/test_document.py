"""The OpenAPI document describes the service: every address, every field, every response."""

import re
from collections.abc import Iterable
from copy import deepcopy
from functools import cache, partial
from typing import Any

import jsonschema
import pytest
from django.test import Client
from django.urls import get_resolver
from openapi_spec_validator import validate

from pricing.docs.document import document as make_document
from tests import world
from tests.golden import FOLDER
from tokens.api_error import CODES

# Addresses for people and operators, which do not belong to the API.
NOT_API = ("admin/", "docs", "metrics", "static/")
# Addresses of middleware are not in the list of addresses.
PROBES = {"/livez", "/readyz"}
# A 304 has no body.
GOLDEN = sorted(set(FOLDER.glob("*/*.http")) - set(FOLDER.glob("*/304.http")))
# Golden file -> the shape of its body, where neither the dialect's list nor an error.
SHAPES = {"list": "List", "page": "List", "empty": "List", "retired": "List", "model": "Model", "tuned": "Tuned"}
NAMES = {
    "openai": {"List": "OpenAIModelList", "Model": "OpenAIModel", "Error": "OpenAIError"},
    "anthropic": {"List": "AnthropicModelPage", "Model": "AnthropicModel", "Error": "AnthropicError"},
    "gemini": {
        "List": "GeminiModelPage",
        "Model": "GeminiModel",
        "Error": "GeminiError",
        "Tuned": "GeminiTunedModels",
    },
    "pricing": {"Error": "ApiError"},
}


@cache
def document() -> Any:
    return make_document()


def closed(schema: Any) -> Any:
    """The schema without room for fields that it does not name, so that none goes undocumented."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: closed(part) for name, part in schema.items()}
    if "properties" in parts and "required" in parts:
        parts.setdefault("additionalProperties", False)
    return parts


def conforms(body: Any, shape: str) -> None:
    whole = document()
    root = {"$ref": f"#/components/schemas/{shape}", "components": closed(deepcopy(whole["components"]))}
    jsonschema.Draft202012Validator(root, format_checker=jsonschema.FormatChecker()).validate(body)


def routes(patterns: Iterable[Any], prefix: str = "") -> Iterable[str]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, path)
        else:
            yield path


def test_it_is_a_valid_document() -> None:
    validate(document())


def references(part: Any) -> Iterable[str]:
    for name, inner in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        if name == "$ref" and isinstance(inner, str):
            yield inner
        yield from references(inner)


def test_every_reference_leads_to_a_part_of_the_document() -> None:
    for reference in {*references(document())}:
        assert resolved({"$ref": reference}), reference


# A part of a route that is a parameter, and its name in the document.
CONVERTER = re.compile(r"<\w+:(\w+)>")


def parameter_of(path: str, match: re.Match[str]) -> str:
    if path.startswith("api/admin/"):
        return "{id}" if match[1] == "pk" else f"{{{match[1]}}}"
    return "{model}" if match[1] == "name" else f"{{{match[1]}}}"


def resolved(part: Any) -> Any:
    """The part, or what it refers to."""
    target = document()
    for name in part["$ref"].split("/")[1:] if "$ref" in part else ():
        target = target[name]
    return target if "$ref" in part else part


def test_it_has_every_public_address_and_no_other() -> None:
    served = {
        "/" + CONVERTER.sub(partial(parameter_of, path), path.rstrip("/"))
        for path in routes(get_resolver().url_patterns)
        if not path.startswith(NOT_API) and path.startswith(("v1", "anthropic", "model", "api", "openapi", "llms"))
    } | PROBES

    assert served == set(document()["paths"])


def test_every_response_to_a_key_can_say_when_the_key_ends() -> None:
    without_key = PROBES | {"/openapi.json"}
    silent = [
        (path, method, status)
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        for status, answer in operation["responses"].items()
        if path not in without_key and "X-Modelbook-Key-Expires-At" not in resolved(answer)["headers"]
    ]

    assert silent == []


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_golden_response_matches_the_document(file: Any) -> None:
    import json

    body = json.loads(file.read_text().rstrip("\n").rpartition("\n")[2])
    shape = SHAPES.get(file.stem.partition("-")[0], "Error")

    conforms(body, NAMES[file.parent.name][shape])


@pytest.mark.django_db
def test_the_callers_own_key_matches_the_document(client: Client) -> None:
    answer = client.get("/api/token", headers={"authorization": f"Bearer {world.key()}"})

    conforms(answer.json(), "Key")


def test_every_error_has_a_valid_example_in_every_shape() -> None:
    for path, item in document()["paths"].items():
        for operation in item.values():
            errors = {status: response for status, response in operation["responses"].items() if status >= "400"}
            for status, response in errors.items():
                if path in PROBES:
                    continue
                (content,) = resolved(response)["content"].values()
                examples = content["examples"]
                assert examples, (path, status)
                for shape, example in examples.items():
                    conforms(example["value"], shape)


def test_it_lists_every_error_code() -> None:
    shapes = document()["components"]["schemas"]

    openai = shapes["OpenAIError"]["properties"]["error"]["properties"]["code"]
    anthropic = shapes["AnthropicError"]["properties"]["error"]["properties"]["details"]["properties"]["error_code"]

    assert openai["enum"] == anthropic["enum"] == list(CODES)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/openapi.json", "/llms.txt"])
def test_public_addresses_match_the_document(client: Client, path: str) -> None:
    documented = document()["paths"][path]["get"]["responses"]["200"]["content"]
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer["content-type"].partition(";")[0] in documented
