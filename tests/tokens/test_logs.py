"""A log line names the request it belongs to and never contains a key."""

import base64
import io
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from catalog.request_id import request_id_scope
from tests import world
from tests.pace import growth
from tokens.keys import checksum
from tokens.logs import RequestIdFilter, SecretsFilter, scrub
from tokens.models import Token


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the configured handler writes."""
    handler = next(handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler)
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield stream
    handler.setStream(before or handler.stream)


# A fixed key: parametrized tests are named after it, and all processes must use the same names.
BODY = "mb_live_4Zc0vXq1Lp_0123456789ABCDEFGHIJKLMNOPQRSTUV"
OURS = BODY + checksum(BODY)


@pytest.mark.parametrize(
    "text",
    [
        f"Bearer {OURS}", f"'{OURS}'", f"/v1/models/{OURS}", f"?key={OURS}&x=1", f"cut off: {OURS[:-8]}", f"x_{OURS}",
        "key sk-proj-0123456789abcdefgh", "GET /v1beta/models?key=AIzaSyD-anything&pageSize=5", "&api_key=short ",
        "?KEY=Short", "?apiKey=abc",
    ],
)  # fmt: skip
def test_no_form_of_a_key_is_left(text: str) -> None:
    scrubbed = scrub(text)

    assert "[key]" in scrubbed
    assert not any(
        secret in scrubbed for secret in (OURS[-38:-8], "AIzaSy", "0123456789abcdefgh", "short", "Short", "abc")
    )


@pytest.mark.parametrize(
    "text", ["GET /v1/models 200", "gpt-4o", "task sk-1", "monkey=banana", "req_" + "a" * 24, "a_b_c"]
)
def test_text_that_is_not_a_key_is_unchanged(text: str) -> None:
    assert scrub(text) == text


def test_the_key_id_stays_readable() -> None:
    assert scrub(OURS) == f"mb_live_{OURS.split('_')[2]}_[key]"


@pytest.mark.parametrize("hostile", ["a_", "a", "_", "sk-", "?key"])
def test_the_time_of_scrubbing_grows_with_the_text_and_not_by_its_square(hostile: str) -> None:
    assert growth(lambda number: scrub(hostile * number), 20_000) < 12


def test_a_line_names_its_request(log: io.StringIO) -> None:
    with request_id_scope("req_" + "b" * 24):
        logging.getLogger("anything").warning("inside")
    logging.getLogger("anything").warning("outside")

    inside, outside = log.getvalue().splitlines()
    assert inside.split()[2:] == ["WARNING", "anything", "req_" + "b" * 24, "inside"]
    assert outside.split()[2:] == ["WARNING", "anything", "-", "outside"]


@pytest.mark.django_db
def test_a_refusals_line_names_its_request_and_not_its_key(client: Client, log: io.StringIO) -> None:
    answer = client.get(f"/v1/models/{OURS}?key={OURS}")

    assert answer.status_code == 401
    assert answer["x-request-id"] in log.getvalue()
    assert OURS[-38:] not in log.getvalue()


@pytest.mark.django_db
def test_a_traceback_names_its_request_and_not_its_key(
    client: Client, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(f"cannot digest {OURS}")

    monkeypatch.setattr("tokens.auth.authentication.find_tokens", fail)
    answer = client.get("/v1/models", headers={"authorization": f"Bearer {world.key()}"})

    assert answer.status_code == 500
    lines = log.getvalue()
    assert "RuntimeError: cannot digest mb_live_" in lines
    assert f"ERROR modelbook.api {answer['x-request-id']} GET /v1/models" in lines
    assert OURS[-38:-6] not in lines


@pytest.mark.django_db
@pytest.mark.parametrize(
    "key", ["Ab3" * 14, "0123456789abcdef" * 2 + "01234567", "A1" * 32, "my-own-litellm-key-1234567890"]
)
@pytest.mark.parametrize("place", ["authorization", "x-api-key", "x-goog-api-key", "query", "basic"])
def test_a_key_of_any_shape_is_neither_logged_nor_said_again(
    client: Client, log: io.StringIO, key: str, place: str
) -> None:
    Token.objects.take_over("moved", plaintext=key, groups=[world.token_group()])
    query, headers = (f"?key={key}", {}) if place == "query" else ("", {place: key})
    if place == "basic":
        headers = {"authorization": f"Basic {base64.b64encode(f'user:{key}'.encode()).decode()}"}

    answer = client.get(f"/v1/models/{key}{query}", headers=headers)

    assert (answer.status_code, answer["x-request-id"] in log.getvalue()) == (404, True)
    assert key not in f"{answer.content.decode()}{log.getvalue()}"


def test_djangos_own_loggers_write_through_the_same_filters() -> None:
    for name in ("django", "django.server", "django.request", "django.security.DisallowedHost"):
        logger: logging.Logger | None = logging.getLogger(name)
        while logger is not None and logger.name != "root":
            assert logger.handlers == [], name
            assert logger.propagate, name
            logger = logger.parent
    console = next(handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler)
    assert [type(log_filter) for log_filter in console.filters] == [RequestIdFilter, SecretsFilter]


def test_a_line_with_wrong_arguments_does_not_fail_the_request(log: io.StringIO) -> None:
    logging.getLogger("tests.scrubbing").warning("%d of %s, key sk-abcdefghijklmnopqrstuvwx", "one")

    assert "%d of %s, key [key]" in log.getvalue()
