"""Keys as people paste them: a scheme twice, quotes, the name of a header or setting, and characters nobody sees."""

import logging
from itertools import product

import pytest
from django.test import Client

from config.setting_checks import NEVER_TRUSTED
from tests import world
from tokens import keys
from tokens.http.fastpath import KEY_PARTS, digest_of
from tokens.logs import KEYS_IN_ENVIRON, keys_of, scrub

GATEWAY = "sk-" + "aB3dE6gH" * 6
OURS = keys.make_key("mb_live").plaintext
# It looks like no key.
WORDS = "correct-horse-battery-staple"
FORMS = (
    "{}", "  {}  ", "Bearer {}", "bearer {}", "BEARER\t{}", "Bearer Bearer {}", "Bearer bearer Bearer {}", "Bearer: {}",
    "Bearer:{}", "Bearer={}", "Bearer%20{}", "Bearer+{}", '"{}"', "'{}'", "`{}`", "\u201c{}\u201d", "\u2018{}\u2019",
    "<{}>", "{{{}}}", "[{}]", 'Bearer "{}"', "Bearer '{}'", '"Bearer {}"', "'Bearer \"{}\"'", "Bearer <{}>", '"{}",',
    "{},", "{};", "{}.", "\u200b{}", "{}\u200b", "\ufeff{}", "\xa0{}\xa0", "Bearer\xa0{}", r"{}\n", r"Bearer {}\r\n",
    "Authorization: Bearer {}", "Bearer Authorization: Bearer {}", "authorization:{}", "x-api-key: {}",
    "Bearer x-api-key: {}", "api-key={}", "OPENAI_API_KEY={}", "export ANTHROPIC_API_KEY='{}'", '"api_key": "{}",',
    "LITELLM_API_KEY: {}", "Token {}", "Key {}", "ApiKey {}", "api-key {}",
)  # fmt: skip
NO_KEYS = (
    "", "   ", '""', "Bearer", "Bearer ", "Bearer Bearer", "Bearer:", 'Bearer ""', "Basic", "Basic dXNlcjpwYXNz",
    "Bearer one two", "Bearer a,Bearer b", "a, b", "a,b", "Token abc", "Key a b", "Digest username=x", "bearer,",
)  # fmt: skip
ADDRESSES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/v1/models", {}),
    ("/v1/models/gpt-4o", {}),
    ("/v1/models", {"anthropic-version": "2023-06-01"}),
    ("/v1beta/models", {}),
    ("/api/token", {}),
    ("/api/authorize?model=gpt-4o", {}),
)


def on_the_wire(text: str) -> str:
    """A header as a server hands it on: bytes, decoded one by one."""
    return text.encode().decode("latin-1")


def test_the_key_is_read_out_of_what_people_paste() -> None:
    for form, key in product(FORMS, (GATEWAY, OURS)):
        assert key in keys.read_sent(form.format(key)), form
        assert key in keys.read_sent(on_the_wire(form.format(key))), form


@pytest.mark.parametrize("text", NO_KEYS)
def test_a_value_that_cannot_be_one_key_is_none(text: str) -> None:
    assert keys.read_sent(text) == []


@pytest.mark.parametrize(
    "key", ['0123456789-abcdef"', "<0123456789-abcdef>", "0123456789-abcdefgh.", "token=0123456789abc"]
)
def test_a_key_of_another_system_may_have_such_characters_itself(key: str) -> None:
    assert keys.read_sent(f"Bearer {key}")[0] == key


@pytest.mark.parametrize(
    "text", ['"' * 8000 + "x", "Bearer " * 1100, "a-" * 4000, "x" + r"\n" * 4000 + "y", "export " * 999]
)
def test_a_long_value_is_read_in_linear_time(text: str) -> None:
    """A quadratic expression takes minutes for these."""
    for _ in range(100):
        keys.read_sent(text)


@pytest.mark.django_db
def test_every_header_of_keys_opens_every_address(client: Client) -> None:
    world.model("gpt-4o")
    key = world.key()
    refused = []
    for header, form in product(keys.HEADERS, ("{}", "Bearer {}", "Bearer Bearer {}", "\u201c{}\u201d")):
        for path, more in ADDRESSES:
            answer = client.get(path, headers=more | {header: on_the_wire(form.format(key))})
            if answer.status_code not in (200, 204):
                refused.append((header, form, path, answer.status_code))

    assert refused == []


@pytest.mark.django_db
def test_every_header_of_keys_gets_the_prices_of_its_group(client: Client) -> None:
    world.model("hidden", on=world.channel("vip", group="vip"))
    key = world.key("vip")

    for header in keys.HEADERS:
        assert "hidden" in str(client.get("/api/prices", headers={header: f"Bearer Bearer {key}"}).json())


@pytest.mark.django_db
def test_a_key_in_the_query_is_read_alike(client: Client) -> None:
    assert client.get("/v1/models", {"key": f'Bearer "{world.key()}"'}).status_code == 200


@pytest.mark.django_db
def test_a_key_in_one_header_is_found_beside_placeholders_in_all_others(client: Client) -> None:
    key = world.key()
    for header in keys.HEADERS:
        others = {other: "sk-placeholder" for other in keys.HEADERS if other != header}
        assert client.get("/v1/models", headers=others | {header: key}).status_code == 200


@pytest.mark.django_db
def test_caches_and_web_pages_know_every_header(client: Client) -> None:
    vary = client.get("/v1/models")["vary"].lower().split(", ")
    allowed = client.options("/v1/models")["access-control-allow-headers"].lower().split(", ")

    assert {header.lower() for header in keys.HEADERS} <= set(vary) & set(allowed)


def test_every_header_decides_which_stored_response_is_sent() -> None:
    for name in KEYS_IN_ENVIRON:
        assert digest_of({name: "one"}, KEY_PARTS) != digest_of({name: "two"}, KEY_PARTS)


def test_no_log_line_has_a_pasted_key() -> None:
    for name, form in product(KEYS_IN_ENVIRON, ('"{}"', "Bearer Bearer {}", "OPENAI_API_KEY={}", "\u201c{}\u201d")):
        with keys_of({name: on_the_wire(form.format(WORDS))}):
            assert WORDS not in scrub(f"The model '{WORDS}' does not exist."), (name, form)


@pytest.mark.django_db
def test_an_unknown_pasted_key_is_not_repeated(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = client.get(f"/v1/models/{WORDS}", headers={"x-litellm-api-key": f'Bearer "{WORDS}"'})

    assert (answer.status_code, WORDS in answer.content.decode(), WORDS in caplog.text) == (401, False, False)


def test_operators_cannot_trust_a_header_of_keys_for_models() -> None:
    assert {header.lower() for header in keys.HEADERS} <= NEVER_TRUSTED
