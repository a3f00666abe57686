"""update_token: every option of issue_token, a way to clear each, and what changed."""

import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.test import Client
from django.utils import timezone

from pricing.usage.spending import Cost, record
from tests import world
from tokens.models import Token

pytestmark = pytest.mark.django_db

NOT_FOR_UPDATES = {"--take-over"}


def update(token: Token, *arguments: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("update_token", token.key_id, *arguments, stdout=out, stderr=io.StringIO(), **options)
    token.refresh_from_db()
    return out.getvalue()


def flags_of(command: str) -> set[str]:
    parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
    return {flag for action in parser._actions for flag in action.option_strings}


def test_it_has_every_option_of_issue_token() -> None:
    assert flags_of("issue_token") - NOT_FOR_UPDATES <= flags_of("update_token")
    budget = {"--budget", "--budget-currency", "--budget-period", "--over-budget", "--within-budget"}
    assert budget <= flags_of("issue_token") & flags_of("update_token")


def test_each_option_replaces_what_was_set_and_can_be_cleared() -> None:
    vip = world.token_group("vip")
    token = world.token("default", allow=["gpt-*"], deny=["a", "b"])[0]

    output = update(token, "--name", "Acme", "--group", "vip", "--group", "auto", "--first-group", "vip",
        "--allow", "vendor:openai", "--allow", "o3", "--deny", "c", "--ip", "203.0.113.0/24", "--starts", "7d",
        "--expires", "2099-01-31", "--rate", "60/minute", "--budget", "2.50", "--budget-currency", "EUR",
        "--budget-period", "month", "--over-budget", "--note", "x")  # fmt: skip

    assert (token.name, list(token.groups.all()), token.uses_auto_groups, token.first_group) == (
        "Acme",
        [vip],
        True,
        vip,
    )
    assert (token.allow, token.deny, token.networks) == (["vendor:openai", "o3"], ["c"], ["203.0.113.0/24"])
    assert token.starts_at is not None
    assert token.expires_at == dt.datetime(2099, 1, 31, tzinfo=dt.UTC)
    assert (token.rate_limit, token.is_over_budget, token.note) == ("60/minute", True, "x")
    assert (token.budget_amount, token.budget_currency, token.budget_period) == (Decimal("2.5"), "EUR", "month")
    assert "  groups: default -> vip, auto\n" in output
    assert "  expires_at: never -> 2099-01-31T00:00:00Z\n" in output
    assert "  budget: none -> 2.5 EUR per month\n" in output

    update(token, "--group", "default", "--no-first-group", "--allow-all", "--no-deny", "--no-ip", "--no-starts",
        "--expires", "never", "--no-rate", "--no-budget", "--within-budget", "--no-note")  # fmt: skip

    assert ([group.slug for group in token.groups.all()], token.uses_auto_groups) == (["default"], False)
    assert (token.first_group, token.allow, token.deny, token.networks) == (None, None, [], [])
    assert [token.starts_at, token.expires_at, token.rate_limit, token.note] == [None, None, "", ""]
    assert (token.budget, token.is_over_budget) == (None, False)


def test_what_is_not_named_stays() -> None:
    token = world.token("vip", allow=["gpt-*"], networks=["10.0.0.0/8"], rate_limit="9/minute", note="n",
        budget_amount=Decimal(7), budget_currency="EUR", budget_period="day", uses_auto_groups=True)[0]  # fmt: skip
    before = Token.objects.values().get()

    update(token, "--budget", "8")

    after = Token.objects.values().get()
    assert {name for name, value in after.items() if value != before[name]} == {"budget_amount", "updated_at"}
    assert [group.slug for group in token.groups.all()] == ["vip"]


def test_a_dry_run_shows_the_changes_and_makes_none() -> None:
    token = world.token(rate_limit="9/minute")[0]

    output = update(token, "--no-rate", "--budget", "5", "--dry-run", "--format", "json")

    report = json.loads(output)
    assert (report.pop("guards"), report.pop("impact")["counts"]) == ([], {"keys": 0, "groups": 0, "prices": 0})
    assert report == {
        "key_id": token.key_id,
        "changes": {
            "rate_limit": {"before": "9/minute", "after": ""},
            "budget": {"before": None, "after": {"amount": "5", "currency": "USD", "period": "total"}},
        },
        "sees": {"visible": 0, "published": 0, "problems": ["group default reaches no channel"]},
    }
    assert (token.rate_limit, token.budget) == ("9/minute", None)
    assert "would be changed" in update(token, "--no-rate", "--dry-run")


def test_a_change_is_in_the_history_once_and_an_unchanged_token_is_not() -> None:
    token = world.token(rate_limit="9/minute")[0]
    before = token.history.count()

    assert "is unchanged" in update(token, "--rate", "9/minute")
    assert token.history.count() == before
    update(token, "--rate", "8/minute")

    assert token.history.count() == before + 1
    assert token.history.latest().history_change_reason == "update_token"


def test_the_key_id_of_a_retired_key_names_the_token() -> None:
    token = world.token()[0]
    retired = token.key_id
    token.rotate(grace=dt.timedelta(days=1), at=timezone.now())

    call_command("update_token", retired, "--note", "x", stdout=io.StringIO())

    assert Token.objects.get().note == "x"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "No option was given"),
        (["--budget", "-1"], "budget_amount: A budget must be between 0"),
        (["--budget", "five"], "budget_amount: "),
        (["--budget", "1", "--budget-currency", "usd"], "budget_currency: This is not a valid currency"),
        (["--budget-period", "day"], "The token has no budget. Add --budget."),
        (["--budget", "1", "--budget-period", "week"], "invalid choice: 'week'"),
        (["--budget", "1", "--no-budget"], "not allowed with argument"),
        (["--over-budget", "--within-budget"], "not allowed with argument"),
        (["--expires", "yesterday"], "'yesterday' is not a valid time"),
        (["--group", "nobody"], "There is no group 'nobody'"),
        (["--first-group", "vip"], "first_group: The token is not in group vip"),
        (["--no-group", "--first-group", "default"], "first_group: The token is not in group default"),
        (["--allow", "vendors:x"], "allow: "),
        (["--rate", "often"], "rate_limit: This is not a valid rate"),
        (["--ip", "10.0.0.1/8"], "networks: "),
        (["--name", ""], "name: This field cannot be blank"),
        (["--starts", "9d", "--expires", "2d"], "A token cannot expire before it starts"),
    ],
)
def test_a_wrong_option_changes_nothing(arguments: list[str], message: str) -> None:
    world.token_group("vip")
    token = world.token()[0]
    before = Token.objects.values().get()

    with pytest.raises(CommandError) as error:
        update(token, *arguments)

    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert Token.objects.values().get() == before
    assert [group.slug for group in token.groups.all()] == ["default"]


def test_an_unknown_key_id_is_refused() -> None:
    with pytest.raises(CommandError, match="There is no token with the key id 'nobody'"):
        call_command("update_token", "nobody", "--note", "x", stdout=io.StringIO())


def test_a_raised_budget_allows_the_next_call(client: Client) -> None:
    world.model()
    token, key = world.token(budget_amount=Decimal(1))
    record([Cost(token.pk, None, timezone.now(), Decimal(1), "USD")])

    def status() -> int:
        headers = {"authorization": f"Bearer {key}"}
        return client.get("/api/authorize?model=gpt-4o", headers=headers).status_code

    assert status() == 403
    assert "1 USD of it is spent in this period. It is used up" in update(token, "--budget", "0.5")
    assert "1 USD of it is spent in this period. Calls are allowed" in update(token, "--budget", "1.5")
    assert status() == 204
    update(token, "--over-budget")
    assert status() == 403
    assert "Calls are blocked until --within-budget." in update(token, "--budget", "2")
    assert status() == 403
    update(token, "--within-budget")
    assert status() == 204
    assert "0 EUR of it is spent in this period, and 1 call of unknown cost." in update(
        token, "--budget-currency", "EUR"
    )


def test_a_token_is_issued_with_a_budget() -> None:
    call_command("issue_token", "Acme", "--budget", "0.10", "--budget-currency", "EUR", "--budget-period", "day",
        stdout=io.StringIO(), stderr=io.StringIO())  # fmt: skip

    token = Token.objects.get()
    assert (token.budget_amount, token.budget_currency, token.budget_period) == (Decimal("0.1"), "EUR", "day")
    with pytest.raises(CommandError, match="budget_amount: A budget must be between 0"):
        call_command("issue_token", "Acme", "--budget", "-1", stdout=io.StringIO())
    with pytest.raises(CommandError, match="The token has no budget"):
        call_command("issue_token", "Acme", "--budget-period", "day", stdout=io.StringIO())
