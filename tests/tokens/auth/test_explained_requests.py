"""What an explanation says of a call is what /api/authorize answers, and nothing is called checked that was not."""

import datetime as dt
import io
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, Channel, Offer
from tests import world
from tests.tokens.api.calls import ask
from tokens import keys
from tokens.auth.explaining import Explanation, Request, explain_key
from tokens.auth.key_lookup import find_keys
from tokens.models import Token
from tokens.rate_limits import limiter

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

CHAT = "/v1/chat/completions"
NETWORK, INSIDE = "203.0.113.0/24", "203.0.113.7"


def explained(text: str, **request: Any) -> Explanation:
    lookup = find_keys(text, Token.objects.all())
    match = lookup.matches[0] if lookup.matches else None
    fields: dict[str, Any] = {"model": "gpt-4o", "address": "127.0.0.1", "call": CHAT, "counts_rate": True} | request
    return explain_key(match, Request(**fields), at=timezone.now(), problem=lookup.problem)


def states(explanation: Explanation) -> dict[str, bool | None]:
    return {gate.asks: gate.passed for gate in explanation.gates}


def exceed(token: Token) -> None:
    Token.objects.update(rate_limit="1/hour")
    limiter().hit("1/hour", f"token:{token.pk}")


def rotate(token: Token) -> None:
    token.rotate(grace=dt.timedelta(0), at=timezone.now())


def rotate_and_disable(token: Token) -> None:
    rotate(token)
    Token.objects.set_enabled(False)


def spend_group() -> None:
    group = world.token_group()
    group.budget_amount = Decimal(0)
    group.save()


CHANGES: dict[str, Callable[[Token], Any]] = {
    "nothing": lambda _: None,
    "disabled": lambda _: Token.objects.set_enabled(False),
    "expired": lambda _: Token.objects.update(expires_at=world.LONG_AGO),
    "early": lambda _: Token.objects.update(starts_at=dt.datetime(2999, 1, 1, tzinfo=dt.UTC)),
    "elsewhere": lambda _: Token.objects.update(networks=[NETWORK]),
    "rotated": rotate,
    "too often": exceed,
    "draft": lambda _: AIModel.objects.update(status="draft"),
    "retired": lambda _: AIModel.objects.update(retires_on=dt.date(2026, 1, 31)),
    "retired and denied": lambda _: (
        AIModel.objects.update(retires_on=dt.date(2026, 1, 31)),
        Token.objects.update(deny=["gpt-4o"]),
    ),
    "not started": lambda _: AIModel.objects.update(starts_at=dt.datetime(2999, 1, 1, tzinfo=dt.UTC)),
    "no group": lambda token: token.groups.clear(),
    "no channel": lambda _: world.token_group().channels.clear(),
    "channel off": lambda _: Channel.objects.update(enabled=False),
    "offer off": lambda _: Offer.objects.set_enabled(False),
    "no model": lambda _: AIModel.objects.all().delete(),
    "denied": lambda _: Token.objects.update(deny=["gpt-*"]),
    "not allowed": lambda _: Token.objects.update(allow=["claude-*"]),
    "other endpoint": lambda _: AIModel.objects.update(supported_endpoint_types=["embeddings"]),
    "over budget": lambda _: Token.objects.update(is_over_budget=True),
    "group spent": lambda _: spend_group(),
    "disabled and expired": lambda _: Token.objects.update(enabled=False, expires_at=world.LONG_AGO),
    "rotated and disabled": rotate_and_disable,
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_the_answer_is_that_of_the_gateways_check(client: Client, change: str) -> None:
    world.model()
    token, key = world.token()
    CHANGES[change](token)

    explanation = explained(key)
    answer = ask(client, f"/api/authorize{CHAT}", key=key, method="POST", body={"model": "gpt-4o", "messages": []})

    expected = (200, "") if explanation.answer is None else (explanation.answer.status, explanation.answer.code)
    assert expected == (answer.status_code, answer.get("x-modelbook-reason", ""))


def test_the_kind_of_call_is_read_from_its_address(client: Client) -> None:
    world.model()
    _, key = world.token()

    answers = {}
    for address in (CHAT, "/v1/embeddings", "/v1/%2e%2e/x", "/v1/nothing", "/v1/files"):
        explanation = explained(key, call=address)
        called = ask(client, "/api/authorize", key=key, **{"x-original-uri": address, "x-model": "gpt-4o"})
        answers[address] = (
            explanation.answer.code if explanation.answer else "",
            called.get("x-modelbook-reason", ""),
        )

    assert answers[CHAT] == ("", "model_not_named"), "the check needs the body, which an explanation does not have"
    for address in ("/v1/embeddings", "/v1/%2e%2e/x", "/v1/nothing", "/v1/files"):
        assert answers[address][0] in {"endpoint_not_supported", "ambiguous_address", "model_not_named"}, address


def test_what_is_not_given_is_not_checked() -> None:
    world.model()
    token, _ = world.token(networks=[NETWORK], rate_limit="5/minute")

    passed = states(explained(token.key_id, address="", call="", counts_rate=False))

    not_checked = {asks for asks, result in passed.items() if result is None}
    assert not_checked == {
        "the secret of the key is correct",
        "the address is allowed",
        "the rate limit is not exceeded",
        "the address of the call can be read (calls only)",
        "the model supports the kind of call (calls only)",
    }
    assert states(explained(token.key_id, address=INSIDE))["the address is allowed"] is True
    assert states(explained(token.key_id, address="198.51.100.1"))["the address is allowed"] is False


def test_without_a_model_only_the_key_is_checked() -> None:
    token, _ = world.token()

    explanation = explained(token.key_id, model=None)

    assert explanation.answer is None
    assert states(explanation)["the model exists"] is None
    assert states(explanation)["the token is enabled"] is True


@pytest.mark.parametrize("text", ["nobody", "sk-" + "x" * 40, "mb_live_…abcd", "…abcd", "mb_live_0123456789_…abcd"])
def test_an_unknown_key_leaves_everything_else_unchecked(text: str) -> None:
    world.model()
    world.token()

    explanation = explained(text)

    assert explanation.answer is not None
    assert (explanation.answer.status, explanation.answer.code) == (401, "invalid_api_key")
    first, *others = [gate for gate in explanation.gates if not gate.asks.startswith("the address of the call")]
    assert first.passed is False
    assert {gate.passed for gate in others} == {None}


def test_a_model_that_no_group_reaches_has_no_start() -> None:
    world.model(on=world.channel("other", group=None))
    token, _ = world.token()

    assert states(explained(token.key_id))["the model has started for a group of the token"] is None


def test_a_key_is_found_by_everything_that_is_known_of_it() -> None:
    token, key = world.token(name="Acme production")
    world.token(name="other")
    old = token.key_id
    masked = token.masked
    new = token.rotate(grace=dt.timedelta(hours=1), at=timezone.now())
    token.refresh_from_db()

    def found(text: str) -> list[tuple[str, bool, bool | None]]:
        return [
            (m.shown_key_id, m.is_replaced, m.is_secret_correct) for m in find_keys(text, Token.objects.all()).matches
        ]

    assert found(new) == [(token.key_id, False, True)]
    assert found(f'Bearer "{new}"') == [(token.key_id, False, True)]
    assert found(key) == [(old, True, True)]
    assert found(masked) == found(masked.replace("…", "...")) == found(old) == [(old, True, None)]
    assert found(token.key_id) == found(token.masked) == found("acme PRODUCTION") == [(token.key_id, False, None)]
    assert found(f"{new[:-1]}{'a' if new[-1] != 'a' else 'b'}") == [(token.key_id, False, False)]


def test_a_displayed_end_may_be_that_of_several_keys() -> None:
    group = world.token_group()
    for number in range(2):
        Token.objects.take_over(f"t{number}", plaintext=f"sk-{number}{'x' * 43}abcd", groups=[group])
    Token.objects.take_over("t2", plaintext=f"{'y' * 44}abcd", groups=[group])

    assert len(find_keys("sk-…abcd", Token.objects.all()).matches) == 2
    assert len(find_keys("…abcd", Token.objects.all()).matches) == 3
    assert len(find_keys("sk-…abcd", Token.objects.filter(name="t1")).matches) == 1


def test_a_wrong_pepper_is_named(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    world.model()
    token, key = world.token()
    monkeypatch.setattr(settings, "TOKEN_PEPPERS", {token.pepper: "x" * 40})

    explanation = explained(token.key_id)

    assert explanation.answer is not None
    assert explanation.answer.code == ask(client, "/api/authorize?model=gpt-4o", key=key)["x-modelbook-reason"]
    because = next(gate.because for gate in explanation.gates if gate.asks == "the key's pepper is configured")
    assert f"The secret of pepper {token.pepper}" in because
    assert states(explained(key))["the secret of the key is correct"] is False


def test_a_narrowed_dialect_hides_a_model_from_lists_only(settings: Any) -> None:
    settings.NARROW_DIALECTS = True
    world.model(supported_endpoint_types=["openai"])
    token, _ = world.token()
    asks = "the lists of the client's dialect have the model (lists only)"

    assert states(explained(token.key_id))[asks] is None
    assert states(explained(token.key_id, dialect="openai"))[asks] is True
    hidden = explained(token.key_id, dialect="anthropic")
    assert (states(hidden)[asks], hidden.answer) == (False, None)


def run(*arguments: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("explain_token", *arguments, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def test_the_command_reads_a_key_and_states_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    world.model()
    token, key = world.token(is_over_budget=True)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{key}\n"))

    text = run("-", "gpt-4o", call=CHAT)

    assert "A call is answered with 403 insufficient_quota: The budget of this API key is used up." in text
    assert key not in text
    document = json.loads(run(token.masked, format="json"))
    assert (document["visible"], document["answer"]["code"]) == (True, "insufficient_quota")
    assert {gate["passed"] for gate in document["gates"]} == {True, False, None}


def test_the_command_asks_which_of_several_keys_is_meant() -> None:
    ids = {world.token(name=name)[0].key_id for name in ("Acme one", "Acme two")}

    with pytest.raises(CommandError) as error:
        run("acme", "gpt-4o")

    assert all(key_id in str(error.value) for key_id in ids)
    assert error.value.returncode == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mb_live_0123456789_" + "a" * 38, True),
        ("sk-proj-" + "a" * 20, True),
        ("aZ1" * 16, True),
        ("A" * 15 + "_" + "b-" * 21 + "c", True),
        ("mb_live_0123456789_…abcd", False),
        ("0123456789", False),
        ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", False),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B-instruct-latest", False),
    ],
)
def test_what_may_be_a_key_is_recognized(text: str, expected: bool) -> None:
    assert keys.looks_like_key(f"before {text}, after") is expected
