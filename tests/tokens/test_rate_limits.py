"""Rate limits: counted exactly, reported in the caller's dialect, and limited guessing of keys."""

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client

from tests import world
from tokens import keys, rate_limits
from tokens.models import Token
from tokens.rate_limits import Limiter, strictest

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def travelling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets rates follow the clock that a test sets."""
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(time=time.time, monotonic=time.time))


def ask(client: Client, key: str, path: str = "/v1/models", **headers: str) -> Any:
    return client.get(path, headers={"authorization": f"Bearer {key}"} | headers)


def test_sixteen_threads_get_no_more_than_the_limit() -> None:
    limiter = Limiter()

    with ThreadPoolExecutor(16) as pool:
        quotas = list(pool.map(lambda _: limiter.hit("50/hour", "token:1"), range(200)))

    assert sum(quota.allowed for quota in quotas) == 50


@pytest.mark.parametrize("hours", [-24, -1, 1])
def test_setting_the_clock_neither_refuses_a_key_nor_gives_it_a_new_rate(
    monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    elapsed = 1_000.0
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(time=time.time, monotonic=lambda: elapsed))
    limiter = Limiter()

    with time_machine.travel(NOW, tick=False) as clock:
        assert [limiter.hit("5/minute", "token:1").allowed for _ in range(6)] == [True] * 5 + [False]
        clock.shift(hours * 3_600)
        elapsed += 30
        refused = limiter.hit("5/minute", "token:1")
        elapsed += 30.1
        assert [limiter.hit("5/minute", "token:1").allowed for _ in range(6)] == [True] * 5 + [False]

    # Clients read when the rate resets on the clock that they see in the response.
    assert (refused.allowed, refused.resets_at) == (False, NOW + dt.timedelta(hours=hours, seconds=30))


def test_no_sixty_seconds_have_more_requests_than_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    elapsed = 0.0
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(time=time.time, monotonic=lambda: elapsed))
    limiter, allowed_at = Limiter(), []

    for step in range(2_000):
        elapsed += 0.37 if step % 50 else 5
        if limiter.hit("60/minute", "token:1").allowed:
            allowed_at.append(elapsed)

    assert len(allowed_at) > 600
    assert all(later - earlier >= 60 for earlier, later in zip(allowed_at, allowed_at[60:], strict=False))


def test_windows_of_past_requests_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    elapsed = 0.0
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(time=time.time, monotonic=lambda: elapsed))
    limiter = Limiter()

    for number in range(1_000):
        elapsed += 1
        limiter.hit("5/minute", f"token:{number}")
        limiter.hit("100/second", "token:one")

    assert len(limiter._local._windows) <= 2 * 60 + 2
    assert len(limiter._local._windows["token:one", 100, 1].times) < 10


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "headers", "expected"),
    [
        ("/v1/models", {}, {"x-ratelimit-limit-requests": "2", "x-ratelimit-remaining-requests": "1"}),
        ("/v1/models", {"anthropic-version": "1"},
         {"anthropic-ratelimit-requests-limit": "2", "anthropic-ratelimit-requests-remaining": "1"}),
        ("/v1beta/models", {}, {}),
    ],
)  # fmt: skip
def test_the_rest_of_the_rate_is_in_the_headers_of_the_dialect(
    client: Client, path: str, headers: dict[str, str], expected: dict[str, str]
) -> None:
    world.model()
    key = world.key(rate_limit="2/minute")

    first = ask(client, key, path, **headers)
    limits = {name.lower(): value for name, value in first.items() if "ratelimit" in name.lower()}

    assert first.status_code == 200
    assert {name: value for name, value in limits.items() if not name.endswith(("reset", "reset-requests"))} == expected


@pytest.mark.django_db
@pytest.mark.usefixtures("travelling")
def test_the_reset_is_a_span_for_openai_and_a_moment_for_anthropic(client: Client) -> None:
    with time_machine.travel(NOW, tick=False):
        key = world.key(rate_limit="2/hour")
        openai = ask(client, key)["x-ratelimit-reset-requests"]
        anthropic = ask(client, key, **{"anthropic-version": "1"})["anthropic-ratelimit-requests-reset"]

    assert (openai, anthropic) == ("1h0m0s", "2026-11-22T13:00:00Z")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "headers", "shape"),
    [
        ("/v1/models", {}, lambda body: (body["error"]["type"], body["error"]["code"])),
        ("/v1/models", {"anthropic-version": "1"},
         lambda body: (body["error"]["type"], body["error"]["details"]["error_code"])),
        ("/v1beta/models", {}, lambda body: (body["error"]["status"], body["error"]["details"][0]["reason"].lower())),
    ],
)  # fmt: skip
def test_a_refusal_has_the_dialects_format_and_retry_headers(
    client: Client, path: str, headers: dict[str, str], shape: Any
) -> None:
    key = world.key(rate_limit="1/minute")
    ask(client, key, path, **headers)

    refusal = ask(client, key, path, **headers)

    assert refusal.status_code == 429
    assert shape(refusal.json()) in {
        ("rate_limit_error", "rate_limit_exceeded"),
        ("RESOURCE_EXHAUSTED", "rate_limit_exceeded"),
    }
    assert 1 <= int(refusal["retry-after"]) <= 60
    assert int(refusal["retry-after-ms"]) == int(refusal["retry-after"]) * 1000
    assert "x-should-retry" not in refusal


@pytest.mark.django_db
@pytest.mark.usefixtures("travelling")
def test_a_retry_after_retry_after_succeeds(client: Client) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        key = world.key(rate_limit="5/minute")
        assert [ask(client, key).status_code for _ in range(6)] == [200] * 5 + [429]
        wait = int(ask(client, key)["retry-after"])
        clock.shift(wait - 1)
        assert ask(client, key).status_code == 429
        clock.shift(1.01)
        assert ask(client, key).status_code == 200


@pytest.mark.django_db
def test_a_groups_limit_is_each_tokens_own_and_a_tokens_takes_its_place(client: Client) -> None:
    world.token_group("slow", rate_limit="1/hour")
    one, two, free = world.key("slow"), world.key("slow"), world.key("slow", rate_limit="100/hour")

    assert [ask(client, key).status_code for key in (one, one, two, two)] == [200, 429, 200, 429]
    assert [ask(client, free).status_code for _ in range(3)] == [200] * 3


@pytest.mark.django_db
def test_of_several_groups_the_strictest_counts(client: Client) -> None:
    world.token_group("slow", rate_limit="1/hour")
    world.token_group("fast", rate_limit="100/second")
    key = world.key("slow", "fast")

    assert [ask(client, key).status_code for _ in range(2)] == [200, 429]
    assert strictest(["", "100/second", "1/hour", ""]) == "1/hour"


@pytest.mark.parametrize(
    ("rates", "counted"),
    [
        (["1000/hour", "2/second"], "2/second; 1000/hour"),
        (["60/minute", "10000/hour"], "60/minute"),
        (["60/minute", "1000/hour"], "60/minute; 1000/hour"),
        (["1/minute", "1 per 60 second"], "1 per 60 second"),
        (["2/second; 50/hour", "100/day"], "2/second; 50/hour; 100/day"),
        ([], ""),
    ],
)
def test_a_rate_that_another_implies_is_not_counted(rates: list[str], counted: str) -> None:
    assert strictest(rates) == counted


@pytest.mark.django_db
@pytest.mark.usefixtures("travelling")
@pytest.mark.parametrize("token_rate", ["", "2/second; 4/hour"])
def test_a_burst_and_an_hour_both_count(client: Client, token_rate: str) -> None:
    world.token_group("burst", rate_limit="2/second")
    world.token_group("long", rate_limit="4/hour")
    key = world.key("burst", "long", rate_limit=token_rate)
    turns = []

    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(3):
            turns.append([ask(client, key) for _ in range(3)])
            clock.shift(1.5)

    assert [[answer.status_code for answer in turn] for turn in turns] == [[200, 200, 429]] * 2 + [[429] * 3]
    # The tightest rate is reported: the hour's after the first turn, the burst's before.
    assert [answer["x-ratelimit-limit-requests"] for answer in turns[0]] == ["2", "2", "2"]
    assert turns[2][0]["x-ratelimit-limit-requests"] == "4"
    assert int(turns[2][0]["retry-after"]) > 3000


@pytest.mark.django_db
@pytest.mark.parametrize(
    "rate",
    [
        "often", "60", "60/fortnight", "-1/minute", "1e3/hour",
        "0/minute", "2/second; 0/hour", "99999999999999999999/second", "1/99999999 years", "1 per 13 months",
    ],
)  # fmt: skip
def test_an_invalid_rate_is_refused_in_forms(rate: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Token(name="x", rate_limit=rate).full_clean(exclude=["key_id", "digest", "pepper", "masked"])

    assert "rate_limit" in refusal.value.message_dict


@pytest.mark.django_db
class TestGuessing:
    """Wrong keys, by address."""

    @pytest.fixture(autouse=True)
    def _limit(self, settings: Any) -> None:
        settings.FAILED_KEYS_PER_MINUTE = 5

    def guess(self, client: Client, number: int, address: str = "203.0.113.9") -> Any:
        return client.get("/v1/models", headers={"authorization": f"Bearer sk-{number}"}, REMOTE_ADDR=address)

    def test_an_address_that_keeps_guessing_is_refused_without_a_query(
        self, client: Client, django_assert_num_queries: Any
    ) -> None:
        statuses = [self.guess(client, number).status_code for number in range(7)]

        assert statuses == [401] * 5 + [429] * 2
        with django_assert_num_queries(0):
            assert self.guess(client, 8).status_code == 429

    def test_a_key_that_was_valid_before_is_accepted(self, client: Client) -> None:
        key = world.key()
        from_there: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.9", "headers": {"authorization": f"Bearer {key}"}}
        assert client.get("/v1/models", **from_there).status_code == 200
        for number in range(7):
            self.guess(client, number)

        assert client.get("/v1/models", **from_there).status_code == 200

    def test_other_addresses_are_not_held_up(self, client: Client) -> None:
        for number in range(7):
            self.guess(client, number)

        assert self.guess(client, 1, "203.0.113.10").status_code == 401

    def test_the_addresses_of_one_ipv6_line_are_one_guesser(self, client: Client) -> None:
        statuses = [self.guess(client, number, f"2001:db8::{number}").status_code for number in range(1, 8)]

        assert statuses == [401] * 5 + [429] * 2
        assert self.guess(client, 1, "2001:db8:0:1::1").status_code == 401

    def test_each_key_of_a_request_is_a_guess(self, client: Client) -> None:
        five = {
            "authorization": "Bearer sk-one",
            "x-api-key": "sk-two",
            "x-goog-api-key": "sk-three",
            "api-key": "sk-4",
        }

        answers = [client.get("/v1/models?key=sk-five", headers=five, REMOTE_ADDR="203.0.113.9") for _ in range(2)]

        assert [answer.status_code for answer in answers] == [401, 429]

    def test_a_key_with_our_checksum_is_looked_up_all_the_same(
        self, client: Client, django_assert_num_queries: Any
    ) -> None:
        key, stranger = world.key(), "mb_live_" + "0" * 10 + "_" + "0" * 32
        for number in range(7):
            self.guess(client, number)
        from_there: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.9"}

        good = client.get("/v1/models", headers={"authorization": f"Bearer {key}"}, **from_there)
        stranger += keys.checksum(stranger)
        bad = client.get("/v1/models", headers={"authorization": f"Bearer {stranger}"}, **from_there)

        assert (good.status_code, bad.status_code) == (200, 429)
        with django_assert_num_queries(0):
            assert self.guess(client, 10**20).status_code == 429

    def test_keys_of_other_services_at_the_price_list_lock_nobody_out(self, client: Client) -> None:
        from_there: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.9"}
        taken_over = "my-own-litellm-key-1234567890"
        Token.objects.take_over("moved", plaintext=taken_over, groups=[world.token_group()])
        for number in range(7):
            sent = {"authorization": f"Bearer sk-of-another-service-{number}"}
            assert client.get("/api/pricing", headers=sent, **from_there).status_code == 200

        answer = client.get("/v1/models", headers={"authorization": f"Bearer {taken_over}"}, **from_there)

        assert answer.status_code == 200

    def test_the_price_list_stays_open(self, client: Client) -> None:
        for number in range(7):
            self.guess(client, number)

        answer = client.get("/api/pricing", headers={"authorization": "Bearer sk-x"}, REMOTE_ADDR="203.0.113.9")
        assert answer.status_code == 200

    def test_a_mistyped_key_costs_no_query(self, client: Client, django_assert_num_queries: Any) -> None:
        key = world.key()
        mistyped = key[:-1] + ("a" if key[-1] != "a" else "b")

        with django_assert_num_queries(0):
            answer = client.get("/v1/models", headers={"authorization": f"Bearer {mistyped}"})

        assert answer.json()["error"]["code"] == "invalid_api_key"

    def test_an_unknown_id_and_a_wrong_secret_are_the_same_work(
        self, client: Client, django_assert_num_queries: Any
    ) -> None:
        token, _ = world.token()
        body = f"mb_live_{token.key_id}_{'0' * 32}"
        stranger = f"mb_live_{'0' * 10}_{'0' * 32}"
        answers = []
        for guessed in (body, stranger):
            # Tokens by digest, then replaced keys by digest: the key id is never looked up.
            with django_assert_num_queries(2):
                sent = {"authorization": f"Bearer {guessed}{keys.checksum(guessed)}"}
                answers.append(client.get("/v1/models", headers=sent).content)

        assert answers[0] == answers[1]


@pytest.mark.django_db
def test_the_prices_count_too_and_remain_readable(client: Client) -> None:
    world.price(world.model(), input="1", output="2")
    key = world.key(rate_limit="2/hour")

    answers = [ask(client, key, "/api/pricing") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0]["x-ratelimit-remaining-requests"] == "1"
    assert ask(client, key).status_code == 429


@pytest.mark.django_db
def test_a_token_in_the_automatic_order_costs_one_query_too(client: Client, django_assert_num_queries: Any) -> None:
    world.token_group(auto_position=1)
    world.model()
    key = world.key(uses_auto_groups=True)
    ask(client, key)

    with django_assert_num_queries(1):
        assert ask(client, key).status_code == 200
    Token.groups.through.objects.all().delete()
    world.token_group().delete()
    assert ask(client, key).json()["data"] == []
