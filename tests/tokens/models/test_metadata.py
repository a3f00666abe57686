"""The metadata of a token: what it may contain, how it is found, and who sees it."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from catalog.audit.verification import verify
from tests import admin_world, world
from tokens.models import Token
from tokens.models.metadata import validate_metadata, with_metadata

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

ENTRIES = {"customer": 42, "plan": 'gold, "big"', "rate": Decimal("0.10"), "trial": False, "seller": None, "客": "ö"}
BEARER = "Bearer {}"


def found(name: str, text: str) -> list[str]:
    return list(with_metadata(Token.objects.all(), name, text).order_by("name").values_list("name", flat=True))


def test_an_entry_is_found_by_its_exact_value() -> None:
    world.token(name="number", metadata={"customer": 42, "x": 1})
    world.token(name="text", metadata={"customer": "42"})
    world.token(name="longer", metadata={"customer": 421, "x": "42"})
    world.token(name="other name", metadata={"a.customer": 42})
    world.token(name="in a text", metadata={"note": ',"customer":42,'})
    world.token(name="upper case", metadata={"Customer": 42, "plan": "GOLD"})
    world.token(name="plan", metadata={"plan": "gold", "paid": True, "until": None, "rate": Decimal("0.1")})

    assert found("customer", "42") == ["number", "text"]
    assert found("customer", "42.0") == ["number"]
    assert found("plan", "gold") == ["plan"]
    assert found("paid", "true") == ["plan"]
    assert found("until", "null") == ["plan"]
    assert found("rate", "0.10") == ["plan"]
    assert found("note", ',"customer":42,') == ["in a text"]
    assert found("plan", "") == []
    assert found("plan", 'gold"') == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1], "This is not a JSON object"),
        ({"a": {"b": 1}}, "a: this is neither a text nor a number"),
        ({"a": [1]}, "a: this is neither a text nor a number"),
        ({"a b": 1}, "'a b' is not a valid name"),
        ({"": 1}, "'' is not a valid name"),
        ({"a" * 41: 1}, "is not a valid name"),
        ({"a": "x" * 501}, "a: the text has more than 500 characters."),
        ({f"a{number}": 1 for number in range(51)}, "This has 51 entries. The most is 50."),
        ({f"a{number}": "x" * 400 for number in range(30)}, "This has more than 8192 bytes."),
        ({"a": "x\0"}, "NUL"),
        ({"a": "\ud800"}, "surrogate"),
        ({"a": "sk-" + "a1B2" * 8}, "a: the text contains an API key"),
    ],
)  # fmt: skip
def test_invalid_metadata_is_refused_with_the_reason(value: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        validate_metadata(value)


def test_numbers_keep_their_digits_and_their_history_stays_verifiable() -> None:
    token, _ = world.token()
    token.metadata = {"rate": Decimal("0.10"), "number": 12345678901234567890, "plan": 'gold "big"'}
    token.full_clean()
    token.save()

    token.refresh_from_db()
    assert token.metadata == {"rate": Decimal("0.1"), "number": 12345678901234567890, "plan": 'gold "big"'}
    assert token.history.order_by("-history_id").first().metadata == token.metadata
    assert verify().fault is None


def test_the_holder_of_the_key_never_sees_it(client: Client) -> None:
    world.model()
    key = world.key(metadata={"customer": "c-4711"})

    for address in ("/v1/models", "/v1/models/gpt-4o", "/api/token", "/api/pricing", "/v1/models/nothing"):
        for _ in range(2):  # the second answer is a stored one
            response = client.get(address, headers={"authorization": BEARER.format(key)})
            assert "4711" not in response.content.decode() + str(response.headers), address


def test_the_admin_shows_changes_and_finds_it(admin_client: Client) -> None:
    token, _ = world.token(name="Acme", metadata={"customer": 42})
    world.token(name="Unconcerned")
    page = f"/admin/tokens/token/{token.pk}/change/"

    def posted(text: str) -> dict[str, Any]:
        admin_client.post(page, admin_world.filled_in(admin_client, page, metadata=text))
        token.refresh_from_db()
        return dict(token.metadata)

    assert "&quot;customer&quot;:42" in admin_client.get(page).content.decode()
    assert posted('{"customer": 43, "plan": "gold"}') == {"customer": 43, "plan": "gold"}
    listed = admin_client.get("/admin/tokens/token/?q=gold").content.decode()
    assert "Acme" in listed
    assert "Unconcerned" not in listed
    assert posted("[1]") == {"customer": 43, "plan": "gold"}
    assert posted("") == {}
