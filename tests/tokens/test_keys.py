"""A key is shown once, its checksum detects typing errors, and the database contains no usable key."""

import hashlib
import hmac
import logging
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client

from tests import world
from tokens import keys
from tokens.models import Token


@pytest.mark.parametrize("prefix", ["mb_live", "sk", "acme-prod", "a1_b2-c3"])
def test_a_key_has_the_shape_of_its_kind(prefix: str) -> None:
    new_key = keys.make_key(prefix)

    match = keys.SHAPE.fullmatch(new_key.plaintext)
    assert match is not None
    assert match["key_id"] == new_key.key_id
    assert new_key.plaintext.startswith(f"{prefix}_{new_key.key_id}_")
    assert len(new_key.plaintext) == len(prefix) + 1 + 10 + 1 + 32 + 6
    assert keys.is_ours(new_key.plaintext)


def test_no_two_keys_are_equal() -> None:
    new_keys = [keys.make_key("mb") for _ in range(2000)]

    assert len({key.plaintext for key in new_keys}) == len({key.key_id for key in new_keys}) == 2000


def test_every_single_wrong_character_is_noticed() -> None:
    key = keys.make_key("mb_live").plaintext
    start = len("mb_live_")

    for place in range(start, len(key)):
        if key[place] == "_":
            continue
        for letter in keys.ALPHABET:
            if letter != key[place]:
                assert not keys.is_plausible(key[:place] + letter + key[place + 1 :], prefix="mb_live"), place


def test_two_neighbours_swapped_are_noticed() -> None:
    key = keys.make_key("mb_live").plaintext

    for place in range(len("mb_live_"), len(key) - 1):
        swapped = key[:place] + key[place + 1] + key[place] + key[place + 2 :]
        assert swapped == key or not keys.is_plausible(swapped, prefix="mb_live")


@pytest.mark.parametrize(
    "key", ["sk-proj-abcdef-0123456789", "my-own-litellm-key-1234567890", "sk-" + "a" * 48, "a" * 20]
)
def test_keys_of_others_are_worth_a_query(key: str) -> None:
    assert keys.is_plausible(key, prefix="mb_live")


@pytest.mark.parametrize("key", ["", "x", "sk-1234", "a" * 19, "mb_live_", "mb_live_" + "a" * 30, "a" * 257])
def test_a_key_that_was_never_issued_is_not_plausible(key: str) -> None:
    assert not keys.is_plausible(key, prefix="mb_live")


def test_a_letter_too_few_or_too_many_is_noticed() -> None:
    key = keys.make_key("mb_live").plaintext

    for wrong in (key[:-1], key[:-7], key[:20], f"{key}x", f"{key}{key}"):
        assert not keys.is_plausible(wrong, prefix="mb_live")


def test_the_digest_depends_on_the_pepper() -> None:
    peppers = {1: "first-pepper-first", 2: "second-pepper-second"}

    newest, oldest = keys.digests("mb_live_key", peppers)

    assert newest == keys.digest("mb_live_key", peppers[2]) != oldest == keys.digest("mb_live_key", peppers[1])
    assert len(newest) == 64


def test_a_key_hides_its_plaintext_from_representations() -> None:
    new_key = keys.make_key("mb_live")

    assert new_key.plaintext not in f"{new_key} {new_key!r} {[new_key]}"
    assert new_key.plaintext[-38:] not in repr(new_key)


@pytest.mark.django_db
def test_the_plaintext_is_in_no_column_of_no_table(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        token, key = world.token()
        token.note = "changed"
        token.save()

    secret = key[-38:-6]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            assert secret not in str(cursor.fetchall()), table
    # Statements themselves are logged at DEBUG, with their parameters; a key is never one of them.
    assert secret not in caplog.text
    assert secret not in f"{token} {token!r} {token.__dict__}"


@pytest.mark.django_db
def test_the_digest_is_not_accepted_as_a_key(client: Client) -> None:
    token, _ = world.token()

    assert client.get("/v1/models", headers={"authorization": f"Bearer {token.digest}"}).status_code == 401


@pytest.mark.django_db
def test_a_mistyped_key_is_refused_without_a_query(client: Client, django_assert_num_queries: Any) -> None:
    key = world.key()
    wrong = key[:-1] + ("a" if key[-1] != "a" else "b")

    with django_assert_num_queries(0):
        answer = client.get("/v1/models", headers={"authorization": f"Bearer {wrong}"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.django_db
def test_new_keys_are_signed_by_the_newest_pepper() -> None:
    token, key = world.token()

    assert token.pepper == max(settings.TOKEN_PEPPERS) == 2
    assert Token.objects.get(digest=keys.digest(key, settings.TOKEN_PEPPERS[2])) == token
    assert token.masked.endswith(key[-4:])
    assert apps.get_model("tokens", "HistoricalToken").objects.count() >= 1


SIGNED = "kQKMTKyEQA7X6eZ_8eKZ6PRLhSU-aC2L-jcozusWiMRPpZRMbhd2sOVuSeo"


@pytest.mark.parametrize("key", [SIGNED, "a" * 48])
@pytest.mark.parametrize("form", ["{}", "sk-{}", "sk-{}#12", "{}#!7", "sk-{}#12#ignore"])
def test_a_gateways_key_is_the_same_with_a_channel(key: str, form: str) -> None:
    assert keys.normal_form(form.format(key)) == key


@pytest.mark.parametrize("text", [f"{SIGNED}x", f"{SIGNED}#x", f"sk-{SIGNED[1:]}", f"pk-{SIGNED}"])
def test_other_texts_have_no_normal_form(text: str) -> None:
    assert keys.normal_form(text) == text


def test_a_signed_key_that_was_stored_with_its_prefix_is_found() -> None:
    stored = hmac.new(b"pepper", f"sk-{SIGNED}".encode(), hashlib.sha256).hexdigest()

    assert keys.digests(f"sk-{SIGNED}", {1: "pepper"})[-1] == stored
    assert len(keys.digests("a" * 48, {1: "pepper"})) == 1
