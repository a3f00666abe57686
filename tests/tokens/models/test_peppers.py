"""A wrong or missing pepper is noticed before customers are refused."""

import datetime as dt
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pricing.curation.health_checks import RULES, run_checks
from tests import world
from tokens.apps import remember_peppers
from tokens.auth.last_use import LAST_USE
from tokens.models import Pepper, RetiredKey, Token, WrongPepperError

pytestmark = pytest.mark.django_db

OLD, NEW, WRONG = "old pepper of the test", "new pepper of the test", "wrong pepper of the test"


@pytest.fixture
def token(settings: Any) -> Token:
    settings.TOKEN_PEPPERS = {1: OLD}
    token: Token = world.token()[0]
    return token


def test_the_fingerprint_is_not_the_secret_and_not_the_digest_of_a_key(token: Token) -> None:
    fingerprint = Pepper.objects.get(number=1).fingerprint

    assert len(fingerprint) == 64
    assert OLD not in fingerprint
    assert fingerprint != token.digest


def test_right_peppers_have_no_problem(token: Token, settings: Any) -> None:
    for peppers in ({1: OLD}, {1: OLD, 2: NEW}):
        settings.TOKEN_PEPPERS = peppers
        assert Pepper.objects.problems() == {}


@pytest.mark.parametrize(
    ("peppers", "problem"),
    [
        ({1: WRONG}, "The secret of pepper 1 in TOKEN_PEPPERS is not the one that keys are stored under"),
        ({2: NEW}, "TOKEN_PEPPERS has no pepper 1, and keys are stored under it"),
        ({1: NEW, 2: OLD}, "The secret of pepper 1 in TOKEN_PEPPERS is not the one"),
    ],
)
def test_a_wrong_or_missing_pepper_is_a_problem(
    token: Token, settings: Any, peppers: dict[int, str], problem: str
) -> None:
    settings.TOKEN_PEPPERS = peppers

    assert [*Pepper.objects.problems()] == [1]
    assert problem in Pepper.objects.problems()[1]
    findings = {rule.name: rows for rule, rows in run_checks([*RULES], at=timezone.now())}
    assert [finding.row.pk for finding in findings["lost-pepper"]] == [token.pk]
    assert not any(secret in str(findings) + problem for secret in (OLD, NEW, WRONG))


def test_a_pepper_that_was_lost_before_its_fingerprint_was_stored_is_missing(token: Token, settings: Any) -> None:
    Pepper.objects.all().delete()
    settings.TOKEN_PEPPERS = {2: NEW}
    remember_peppers(using="default")
    assert [*Pepper.objects.problems()] == [1]

    # When it is back, nobody can say whether its secret is right.
    settings.TOKEN_PEPPERS = {1: OLD}
    assert Pepper.objects.problems() == {}
    Pepper.objects.remember(1)
    settings.TOKEN_PEPPERS = {1: WRONG}
    assert [*Pepper.objects.problems()] == [1]


def test_a_pepper_that_no_key_uses_may_change_and_go(token: Token, settings: Any) -> None:
    token.delete()
    for peppers in ({1: WRONG}, {2: NEW}):
        settings.TOKEN_PEPPERS = peppers
        assert Pepper.objects.problems() == {}

    world.token()
    assert [*Pepper.objects.order_by("number").values_list("number", flat=True)] == [1, 2]


def test_a_replaced_key_needs_its_pepper_until_its_grace_period_ends(token: Token, settings: Any) -> None:
    settings.TOKEN_PEPPERS = {1: OLD, 2: NEW}
    token.rotate(grace=dt.timedelta(hours=1), at=timezone.now())
    settings.TOKEN_PEPPERS = {2: NEW}

    assert [*Pepper.objects.problems()] == [1]
    RetiredKey.objects.update(valid_until=world.LONG_AGO)
    assert Pepper.objects.problems() == {}


def test_no_key_is_stored_under_a_wrong_secret(token: Token, settings: Any, admin_client: Client) -> None:
    settings.TOKEN_PEPPERS = {1: WRONG}

    with pytest.raises(CommandError, match="The secret of pepper 1"):
        call_command("issue_token", "Acme", stdout=StringIO(), stderr=StringIO())
    with pytest.raises(CommandError, match="The secret of pepper 1"):
        call_command("rotate_token", token.key_id, stdout=StringIO(), stderr=StringIO())
    with pytest.raises(WrongPepperError):
        world.token()
    page = admin_client.post(
        reverse("admin:tokens_token_rotate", args=[token.pk]), {"key_id": token.key_id, "grace": "24"}, follow=True
    )
    assert "The secret of pepper 1" in page.content.decode()
    page = admin_client.post("/admin/tokens/token/add/", {"name": "Acme"})
    assert "The secret of pepper 1" in page.content.decode()
    assert Token.objects.get().digest == token.digest
    assert not RetiredKey.objects.exists()


def test_a_key_does_not_move_to_a_wrong_secret(settings: Any, client: Client) -> None:
    settings.TOKEN_PEPPERS = {1: OLD, 2: NEW}
    world.token()
    settings.TOKEN_PEPPERS = {1: OLD}
    token, key = world.token()

    settings.TOKEN_PEPPERS = {1: OLD, 2: WRONG}
    assert client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code == 200
    LAST_USE.flush()

    token.refresh_from_db()
    assert token.pepper == 1
    assert token.last_used_at is not None


def test_migrate_remembers_the_peppers_of_earlier_versions_and_keeps_known_ones(token: Token, settings: Any) -> None:
    Pepper.objects.all().delete()
    remember_peppers(using="default")
    settings.TOKEN_PEPPERS = {1: WRONG, 2: NEW}
    remember_peppers(using="default")

    assert Pepper.objects.count() == 2
    assert [*Pepper.objects.problems()] == [1]
