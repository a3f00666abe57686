"""Addresses as people compose them answer, or say in JSON which base URL to use; programs never get HTML."""

import random
from typing import Any

import pytest
from django.test import Client

from tests import world
from tests.tokens.dialects.test_detection import VERSION, spoken

pytestmark = pytest.mark.django_db

# How programs say what they accept: not at all, anything, as curl does, JSON.
PROGRAMS: tuple[dict[str, str], ...] = (
    {}, {"accept": "*/*"}, {"accept": "application/json"}, {"accept": "application/json, text/*, */*"}, {"accept": ""},
    {"accept": "application/json, text/html;q=0"}, {"accept": "text/html; Q=0.000, */*"},
    # Java's HttpURLConnection, before and after Java 17.
    {"accept": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"},
    {"accept": "text/html, image/gif, image/jpeg, */*; q=0.2"},
)  # fmt: skip
# Prefix of lists -> the dialect that it forces; empty: the headers decide.
PREFIXES = {
    "/v1": "", "": "", "/api/v1": "", "//v1": "", "/V1": "", "/v1beta": "gemini", "/v1alpha": "gemini",
    "/openai": "openai", "/openai/v1": "openai", "/v1beta/openai": "openai", "/gemini/v1beta/openai": "openai",
    "/openai/deployments/gpt-4o": "openai", "/api/openai/v1": "openai", "/api": "openai", "/OpenAI/v1": "openai",
    "/anthropic": "anthropic", "/anthropic/v1": "anthropic", "/anthropic//v1": "anthropic",
    "/gemini": "gemini", "/gemini/v1": "gemini", "/gemini/v1beta": "gemini", "/gemini/v1alpha": "gemini",
    "/api/v1beta": "gemini",
}  # fmt: skip
# Addresses of nothing -> what the message of the error says.
HINTS = {
    "/v1/v1/models": "contains /v1 twice. Remove one of them: use the base URL http://testserver/v1.",
    "/v1/v1/models/gpt-4o": "contains /v1 twice",
    "/v1/v1/chat/completions": "contains /v1 twice",
    "/v1beta/v1beta/models": "contains /v1beta twice. Remove one of them: use the base URL http://testserver.",
    "/v1/v1beta/models": "two versions. Remove one of them: use the base URL http://testserver.",
    "/anthropic/v1/v1/models": "contains /v1 twice. Remove one of them: use the base URL http://testserver.",
    "/openai/v1/v1/models": "use the base URL http://testserver/v1.",
    "/v1beta/openai/v1/models": "use the base URL http://testserver/v1.",
    "/v1": "The models are at http://testserver/v1/models: use the base URL http://testserver/v1.",
    "/v1/": "http://testserver/v1/models",
    "/v1/engines": "http://testserver/v1/models",
    "/engines": "http://testserver/v1/models",
    "/v1/model": "http://testserver/v1/models",
    "/v1/model/gpt-4o": "http://testserver/v1/models",
    "/openai/deployments?api-version=2023-03-15-preview": "http://testserver/v1/models",
    "/nothing": "http://testserver/v1/models",
    "/anthropic": "http://testserver/v1/models: use the base URL http://testserver.",
    "/gemini/v1beta": "http://testserver/v1beta/models: use the base URL http://testserver.",
    "/api/tags": "not Ollama. Choose a provider that is compatible with OpenAI, and the base URL http://testserver/v1.",
    "/api/ps": "not Ollama",
    "/api/version": "not Ollama",
    "/v1/chat/completions": "catalog only",
    "/chat/completions": "catalog only",
    "/v1/messages": "catalog only",
    "/v1/responses": "catalog only",
    "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21": "catalog only",
    "/compare?m=gpt-4o": "http://testserver/v1/models",
}


def message(body: dict[str, Any]) -> str:
    return str(body["error"]["message"])


def test_every_prefix_has_the_list_and_its_models(client: Client) -> None:
    world.model("gpt-4o")
    key = {"authorization": f"Bearer {world.key()}"}
    for prefix, forced in PREFIXES.items():
        for headers, announced in ((key, "openai"), (key | VERSION, "anthropic")):
            for path in (f"{prefix}/models", f"{prefix}/models/", f"{prefix or '/v1'}//models?api-version=2024-10-21"):
                answer = client.get(path, headers=headers)
                assert answer.status_code == 200, path
                assert spoken(answer.json()) == (forced or announced), path
                assert "gpt-4o" in answer.content.decode()
            model = client.get(f"{prefix}/models/gpt-4o", headers=headers)
            assert (model.status_code, "gpt-4o" in model.content.decode()) == (200, True), prefix
            hidden = client.get(f"{prefix}/models/none", headers=headers)
            assert (hidden.status_code, spoken(hidden.json())) == (404, forced or announced), prefix


def test_a_prefix_without_a_key_is_refused_in_its_dialect(client: Client) -> None:
    for prefix, forced in PREFIXES.items():
        answer = client.get(f"{prefix}/models")
        assert (answer.status_code, spoken(answer.json())) == (401, forced or "openai"), prefix
        assert client.options(f"{prefix}/models").status_code == 204
        assert client.post(f"{prefix}/models").status_code == 405


def test_ids_below_a_prefix_may_have_slashes_and_colons(client: Client) -> None:
    world.model("openai/gpt-4o:free")
    key = {"authorization": f"Bearer {world.key()}"}

    for prefix in ("/v1", "/openai/v1", "/api/v1", "/anthropic/v1"):
        for name in ("openai/gpt-4o:free", "openai%2Fgpt-4o:free"):
            assert client.get(f"{prefix}/models/{name}", headers=key).json()["id"] == "openai/gpt-4o:free"


@pytest.mark.parametrize("path", HINTS)
def test_an_address_of_nothing_says_where_to_go(client: Client, path: str) -> None:
    for method in ("GET", "POST"):
        for headers in PROGRAMS:
            answer = client.generic(method, path, headers=headers)
            if path.startswith("/compare") and method == "POST":
                assert (answer.status_code, answer["allow"]) == (405, "GET, HEAD")
                continue
            assert (answer.status_code, answer["content-type"]) == (404, "application/json"), method
            # A client that posts to an unknown address calls a model.
            said = message(answer.json())
            assert HINTS[path] in said or (method == "POST" and "catalog only" in said), (method, said)
            assert answer["access-control-allow-origin"] == "*"


def test_an_address_of_nothing_is_refused_in_the_dialect_of_its_client(client: Client) -> None:
    assert spoken(client.get("/nothing", headers=VERSION).json()) == "anthropic"
    assert spoken(client.get("/v1/v1/models", headers={"x-goog-api-key": "x"}).json()) == "gemini"
    assert "http://testserver." in message(client.get("/nothing", headers=VERSION).json())


def test_a_word_for_the_list_in_place_of_an_id_says_where_it_is(client: Client) -> None:
    key = {"authorization": f"Bearer {world.key()}"}

    for path in ("/v1/models/list", "/models/v1", "/v1/models/all/"):
        assert message(client.get(path, headers=key).json()).endswith("The list is at http://testserver/v1/models.")
    assert "/v1beta/models." in message(client.get("/gemini/models/list", headers=key).json())


def test_an_error_in_place_of_a_page_states_its_length(client: Client) -> None:
    answer = client.delete("/docs")

    assert int(answer["content-length"]) == len(answer.content) > 0


def test_a_web_page_may_read_the_hint(client: Client) -> None:
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}

    assert client.options("/chat/completions", headers=preflight)["access-control-allow-headers"] == "authorization"
    assert client.options("/admin/", headers=preflight).status_code != 204


def test_the_public_address_is_named_if_there_is_one(client: Client, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://models.example/"

    assert "use the base URL https://models.example/v1." in message(client.get("/v1/nothing").json())
    addresses = client.get("/").json()
    # A gateway at that address passes on lists and prices, and no documents.
    assert addresses["models"] == "https://models.example/v1/models"
    assert addresses["documentation"] == "http://testserver/openapi.json"
    assert addresses["llms_txt"] == "http://testserver/llms.txt"


def test_programs_find_the_addresses_at_the_root(client: Client) -> None:
    for headers in PROGRAMS:
        answer = client.get("/", headers=headers)
        assert answer.json()["base_urls"] == {
            "anthropic": "http://testserver", "gemini": "http://testserver", "openai": "http://testserver/v1",
        }  # fmt: skip
        assert "Accept" in answer["vary"]
        assert client.get("/docs", headers=headers).json()["openapi"].startswith("3.1")
    assert client.head("/").status_code == 200


def test_a_foreign_host_gets_json(client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["models.example"]

    for path in ("/", "/v1/models", "/models/x", "/nothing", "/admin/", "/static/x.css"):
        answer = client.get(path, headers={"host": "evil.example"})
        assert (answer.status_code, answer["content-type"]) == (400, "application/json"), path


def test_a_form_without_its_token_gets_json() -> None:
    client = Client(enforce_csrf_checks=True)

    for path, status in (("/", 405), ("/compare", 405), ("/docs", 405), ("/admin/login/", 403)):
        answer = client.post(path, headers={"accept": "*/*"})
        assert (answer.status_code, answer["content-type"]) == (status, "application/json"), path


@pytest.mark.parametrize("debug", [False, True])
def test_no_program_ever_gets_html(settings: Any, debug: bool) -> None:
    """A thousand addresses: parts of known ones in any order, with every method."""
    settings.DEBUG = debug
    world.model("gpt-4o")
    key = world.key()
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    chance = random.Random(16)  # noqa: S311
    parts = (
        "v1", "v1beta", "V1", "models", "model", "info", "openai", "anthropic", "gemini", "api", "gpt-4o", "chat",
        "tags", "completions", "engines", "deployments", "", "..", "%00", "%2f", "é", "static", "assets", "compare",
        "docs", "pricing", "history", "export", "token", "authorize", "llms.txt", "tunedModels", "list", "<b>",
        ".well-known", "robots.txt", "favicon.ico", "x" * 300, "a:b", "gpt-4o:generateContent", "admin", "%0a", "usage",
    )  # fmt: skip
    queries = ("", "?key=x", "?api-version=1", "?m=gpt-4o", "?" + "a&" * 1001, "?dialect=gemini", "?%ff", "?limit=x")
    for _ in range(500):
        path = "/" + "/".join(chance.choices(parts, k=chance.randint(0, 4))) + chance.choice(queries)
        method = chance.choice(("GET", "GET", "GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"))
        headers = chance.choice(PROGRAMS) | chance.choice(({}, {"authorization": f"Bearer {key}"}, VERSION))
        answer = client.generic(method, path, headers=headers)
        is_redirect = answer.status_code in (301, 302) and path.startswith("/admin")
        is_sign_in = path.startswith("/admin") and answer.status_code == 200
        assert answer.status_code < 500, (method, path)
        assert is_redirect or is_sign_in or "html" not in answer.get("content-type", ""), (method, path)
        assert is_redirect or is_sign_in or b"<html" not in answer.content.lower(), (method, path)
