"""A reseller's program: from sign-up to calls, a warning, a refusal, the renewal, and the next month."""

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tests import world
from tokens.models import Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

BODY = {"messages": [{"role": "user", "content": "Hi"}], "model": "gpt-latest"}
RESET = "2026-12-01T00:00:00Z"
# The headers of each dialect's SDK, the address that it calls, its body, and where it finds the code and the message.
DIALECTS: dict[str, Any] = {
    "openai": ({"authorization": "Bearer {key}"}, "/v1/chat/completions", ("code", "insufficient_quota")),
    "anthropic": (
        {"x-api-key": "{key}", "anthropic-version": "2023-06-01"}, "/v1/messages", ("type", "permission_error"),
    ),
    "gemini": (
        {"x-goog-api-key": "{key}"}, "/v1beta/models/gpt-latest:generateContent", ("status", "PERMISSION_DENIED"),
    ),
}  # fmt: skip


class Reseller:
    """A program that sells access: it issues keys by commands, and asks and reports as its gateway."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.reporter = self.run("issue_token", "gateway")
        self.run("allow_usage", self.key_id("gateway"))
        self.calls = 0

    @staticmethod
    def run(*arguments: str) -> str:
        out = io.StringIO()
        call_command(*arguments, stdout=out, stderr=io.StringIO())
        return out.getvalue().strip()

    @staticmethod
    def key_id(name: str) -> str:
        return str(Token.objects.get(name=name).key_id)

    def check(self, key: str, dialect: str = "openai") -> Any:
        headers, address, _ = DIALECTS[dialect]
        sent = {name: value.format(key=key) for name, value in headers.items()} | {"x-original-uri": address}
        return self.client.post("/api/authorize", json.dumps(BODY), content_type="application/json", headers=sent)

    def report(self, answer: Any, *, at: str, tokens: int) -> Any:
        """What the call used, twice, as a gateway does that did not get the first answer."""
        self.calls += 1
        event = {
            "id": f"call-{self.calls}", "key_id": answer["X-Modelbook-Key-Id"], "model": answer["X-Modelbook-Model"],
            "group": answer["X-Modelbook-Group"], "at": at, "usage": {"input": tokens},
        }  # fmt: skip
        for _ in range(2):
            response = self.client.post(
                "/api/usage",
                json.dumps({"events": [event]}),
                content_type="application/json",
                headers={"authorization": f"Bearer {self.reporter}"},
            )
            assert response.status_code == 200, response.content
        return response.json()

    def account(self, key: str) -> Any:
        return self.client.get("/api/token", headers={"authorization": f"Bearer {key}"}).json()["data"]


def test_from_sign_up_to_refusal_to_renewal(client: Client, time_machine: Any) -> None:
    time_machine.move_to("2026-11-29T12:00:00Z", tick=False)
    model = world.model("gpt-4o", supported_endpoint_types=["openai", "anthropic", "gemini"])
    model.aliases.create(name="gpt-latest")
    world.price(model, input="10", output="30")
    reseller = Reseller(client)

    # Sign-up.
    key = reseller.run("issue_token", "Acme", "--budget", "1", "--budget-period", "month")
    assert reseller.account(key)["budget"] == {"amount": "1", "currency": "USD", "period": "month"}

    # Calls.
    allowed = reseller.check(key)
    assert (allowed.status_code, "X-Modelbook-Budget-Warning" in allowed) == (204, False)
    taken = reseller.report(allowed, at="2026-11-29T11:59:00Z", tokens=79_999)
    assert (taken["taken"], taken["repeated"], taken["unpriced"]) == (0, 1, 0)
    assert (reseller.account(key)["spent"], reseller.account(key)["left"]) == ("0.79999", "0.20001")
    assert "X-Modelbook-Budget-Warning" not in reseller.check(key)

    # The warning.
    reseller.report(reseller.check(key), at="2026-11-29T11:59:30Z", tokens=1)
    warned = reseller.check(key)
    assert warned.status_code == 204
    assert warned["X-Modelbook-Budget-Warning"] == f"80% of 1 USD per month, resets at {RESET}"

    # The refusal, in the dialect of each SDK.
    reseller.report(warned, at="2026-11-29T11:59:40Z", tokens=20_000)
    for dialect, (_, _, (field, code)) in DIALECTS.items():
        refused = reseller.check(key, dialect)
        error = refused.json()["error"]
        assert (refused.status_code, error[field]) == (403, code), dialect
        assert f"The budget of this API key, 1 USD per month, is used up. It resets at {RESET}." in error["message"]
        assert refused["X-Modelbook-Reason"] == "insufficient_quota"
        assert refused["Retry-After"] == str(36 * 3600)
    assert reseller.account(key)["resets_at"] == RESET

    # The renewal.
    reseller.run("update_token", reseller.key_id("Acme"), "--budget", "1.5")
    renewed = reseller.check(key)
    assert renewed.status_code == 204
    assert (reseller.account(key)["spent"], reseller.account(key)["left"]) == ("1", "0.5")
    reseller.report(renewed, at="2026-11-29T11:59:50Z", tokens=50_000)
    assert reseller.check(key).status_code == 403

    # The next month.
    time_machine.move_to("2026-12-01T00:00:01Z", tick=False)
    assert reseller.check(key).status_code == 204
    assert (reseller.account(key)["spent"], reseller.account(key)["left"]) == ("0", "1.5")
    # A call of November that is reported late belongs to November.
    reseller.report(reseller.check(key), at="2026-11-30T23:59:59Z", tokens=200_000)
    assert reseller.check(key).status_code == 204
    reseller.report(reseller.check(key), at="2026-12-01T00:00:00Z", tokens=150_000)
    assert reseller.check(key).status_code == 403
    assert reseller.account(key)["resets_at"] == "2027-01-01T00:00:00Z"


def test_the_budget_of_a_team_ends_the_calls_of_all_its_keys(client: Client, time_machine: Any) -> None:
    time_machine.move_to("2026-11-29T12:00:00Z", tick=False)
    model = world.model("gpt-4o", on=world.channel("main", group="team"), supported_endpoint_types=["openai"])
    model.aliases.create(name="gpt-latest")
    world.price(model, input="10", output="30")
    world.rate(world.token_group("team"), "0.5")
    reseller = Reseller(client)
    team = world.token_group("team")
    team.budget_amount, team.budget_period = Decimal(1), "day"
    team.save()
    first, second = (reseller.run("issue_token", name, "--group", "team") for name in ("a", "b"))

    reseller.report(reseller.check(first), at="2026-11-29T11:59:00Z", tokens=100_000)
    assert reseller.check(second).status_code == 204
    reseller.report(reseller.check(second), at="2026-11-29T11:59:00Z", tokens=100_000)

    for key in (first, second):
        refused = reseller.check(key)
        assert refused.status_code == 403
        assert "The budget of group team, 1 USD per day, is used up." in refused.json()["error"]["message"]
        (budget,) = reseller.account(key)["group_budgets"]
        assert (budget["group"], budget["spent"], budget["left"]) == ("team", "1", "0")
    time_machine.move_to("2026-11-30T00:00:00Z", tick=False)
    assert reseller.check(first).status_code == 204
