"""Every code example of the documentation works as it is, against a running service with real keys."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from catalog.imports.fetching import Fetched
from catalog.sources import starter
from pricing.admin_api.resources import imports
from pricing.docs.document import document
from pricing.docs.examples.code import LANGUAGES, code_of
from pricing.docs.examples.literals import VARIABLE
from pricing.docs.examples.requests import Request, request_of
from pricing.docs.examples.values import MODEL, MODELS
from pricing.models import UsageReporter
from tests import admin_world, world
from tests.pricing.docs.examples.programs import program
from tokens.models import Delivery, Token
from tokens.operators.problems import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENT = b'{"gpt-4o-mini": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.5e-07}}'
SCOPES = ("read", "catalog", "prices", "tokens", "imports")
NEW_RUN = {"source": "litellm", "url": "https://prices.example.com/models.json", "as": "list"}
# What is done to a row, in this order; reading it comes after its creation.
ORDER = ("create", "store", "get", "list", "update", "test", "rotate", "revoke", "apply", "rollBack", "discard")


def requests() -> list[Request]:
    whole = document()
    return [
        request_of(path, verb, operation, whole)
        for path, item in whole["paths"].items()
        for verb, operation in item.items()
    ]


def resource_of(request: Request) -> str:
    """The resource of the management API; empty for other addresses."""
    return request.path.removeprefix(f"{ROOT}/").partition("/")[0] if request.path.startswith(ROOT) else ""


def in_order(all_requests: Iterable[Request]) -> list[Request]:
    """Resource by resource, from the creation of a row to its end."""

    def place(request: Request) -> tuple[Any, ...]:
        number = next((number for number, word in enumerate(ORDER) if request.operation.startswith(word)), 0)
        return resource_of(request), request.method == "DELETE", number

    return sorted(all_requests, key=place)


class Shop:
    """The rows that the examples are about, and the variables that they need."""

    def __init__(self) -> None:
        rows = admin_world.one_of_everything()
        for name in (*MODELS.values(), *(f"model-{number}" for number in range(60))):
            world.model(name)
        rows["pricing.popularmodel"].delete()
        Delivery.objects.update(state="dead")
        token, key = world.token()
        UsageReporter.objects.create(token=token)
        admin_key = world.admin_key(*SCOPES)[1]
        self.client = Client(headers={"authorization": f"Bearer {admin_key}"})
        self.variables = {"KEY": key, "KEY_ID": token.key_id, "ADMIN_KEY": admin_key}

    def prepare(self, request: Request) -> None:
        """Makes what this request needs, and sets the variables in it."""
        resource = resource_of(request)
        if resource == "offers":
            world.channel("azure-east", group=None)
        if request.operation in ("applyImportRun", "discardImportRun"):
            self.client.post(f"{ROOT}/import-runs", NEW_RUN, content_type="application/json")
        if "${ID}" in request.path:
            rows = self.client.get(f"{ROOT}/{resource}?limit=1000").json()["results"]
            # Only a price that applies already can end.
            choose = min if request.operation == "updatePriceSheet" else max
            self.variables["ID"] = str(choose(row["id"] for row in rows))
        if "${KEY_ID}" in request.path:
            self.variables["KEY_ID"] = Token.objects.filter(name="Acme production").latest("pk").key_id
        if "If-Match" in request.headers:
            path = request.path.replace("${ID}", self.variables.get("ID", ""))
            self.variables["ETAG"] = self.client.get(path.replace("${KEY_ID}", self.variables["KEY_ID"]))["etag"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_example_works_as_it_is(
    live_server: LiveServer, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.AUTHORIZE_WITHOUT_MODEL = ["caches", "files"]
    monkeypatch.setattr(imports, "fetch", lambda _: Fetched(content=DOCUMENT, etag="", last_modified=""))
    shop, failed = Shop(), []

    with program(language, tmp_path) as running:
        for request in in_order(requests()):
            shop.prepare(request)
            if error := running.run(code_of(request, live_server.url)[language], shop.variables):
                failed.append(f"{request.operation}: {error}")

    assert failed == [], "\n".join(failed)


def test_a_new_installation_has_the_models_of_the_examples() -> None:
    names = {record.name for record in starter.read(starter.FILE.read_bytes()).records}

    assert {MODEL, *MODELS.values()} <= names


def test_an_example_for_curl_shows_the_status_of_an_empty_answer() -> None:
    for request in requests():
        code = code_of(request, "https://models.example.com")["curl"]
        assert code.startswith("curl -i ") == (request.answer == "nothing"), request


def test_every_operation_has_an_example_in_every_language() -> None:
    for request in requests():
        examples = code_of(request, "https://models.example.com")
        assert examples.keys() == {"curl", "Python", "JavaScript"}
        assert all("https://models.example.com" in code for code in examples.values()), request
        assert "{" not in VARIABLE.sub("", request.path), request


def test_examples_send_a_version_and_a_key_that_repeats_the_response() -> None:
    for request in requests():
        if resource_of(request) and request.method != "GET":
            name = "Idempotency-Key" if request.method == "POST" else "If-Match"
            assert request.headers[name], request
