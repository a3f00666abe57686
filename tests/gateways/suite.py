"""What every shipped gateway has to pass: a test module inherits GatewaySuite and starts its gateway as `gateway`."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateways.cases import AMBIGUOUS, CLOSED, DOWN, FORBIDDEN, FORGED, KEY_REFUSED, MODEL_REFUSED, RATE_REFUSED
from tests.gateways.gateway import ELSEWHERE, HERE, Gateway, Line, chat, post, report
from tests.gateways.sdks import SDKS, Clients
from tests.gateways.upstream import ANSWER, KEY, Upstream
from tests.live.deployment import Answer, Operator, Server
from tests.servers import wait_until
from tokens.keys import HEADERS

JSON = "application/json"
GEMINI = "/v1beta/models/{}:generateContent"
CONTENT: dict[str, Any] = {"contents": [{"parts": [{"text": "Hello"}]}]}


def call(
    gateway: Gateway, model: str, *, key: str, source: str = HERE, headers: dict[str, str] | None = None
) -> Answer:
    """A call that every gateway can check: it names the model in its body, or in its address."""
    if gateway.reads_bodies:
        return chat(gateway, model, key=key, source=source, **(headers or {}))
    return post(gateway, GEMINI.format(model), CONTENT, key=key, source=source, headers=headers)


def reason(answer: Answer) -> str:
    """The code of a refusal."""
    assert answer.status >= 400, answer.body
    return str(answer.headers["x-modelbook-reason"])


def message(answer: Answer) -> str:
    return str(answer.json()["error"]["message"])


def speaks(gateway: Gateway, sdk: str) -> str:
    """The SDK, if the gateway lets it name a model; otherwise the test is skipped."""
    if sdk not in gateway.speaks:
        pytest.skip(f"this gateway does not speak the protocol of {sdk}")
    return sdk


def names_in_body(gateway: Gateway, sdk: str) -> bool:
    """Whether this gateway cannot check what the SDK sends, and has to refuse it."""
    return sdk != "gemini" and not gateway.reads_bodies


@pytest.mark.django_db
class GatewaySuite:
    """Each test ends with a look at the upstream: it received what was allowed and nothing else."""

    @pytest.mark.parametrize("sdk", SDKS)
    def test_an_sdk_calls_an_allowed_model(
        self, gateway: Gateway, clients: Clients, upstream: Upstream, keys: dict[str, str], sdk: str
    ) -> None:
        speaks(gateway, sdk)
        if names_in_body(gateway, sdk):
            refusal = clients.refusal(sdk, keys["customer"], "gw-chat")
            assert (refusal.status, upstream.models) == (403, [])
            return

        answer = clients.ask(sdk, keys["customer"], "gw-chat")
        parts = list(clients.stream(sdk, keys["customer"], "gw-chat"))

        assert (answer, "".join(parts)) == (ANSWER, ANSWER)
        assert upstream.models == ["gw-chat", "gw-chat"]

    @pytest.mark.parametrize("sdk", SDKS)
    def test_a_stream_arrives_while_it_is_sent(
        self, gateway: Gateway, clients: Clients, upstream: Upstream, keys: dict[str, str], sdk: str
    ) -> None:
        speaks(gateway, sdk)
        if names_in_body(gateway, sdk):
            pytest.skip("the test above shows that it is refused")

        with upstream.holding() as release:
            parts = clients.stream(sdk, keys["customer"], "gw-chat")
            first = next(parts)
            release.set()
            text = first + "".join(parts)

        assert (text, upstream.was_released) == (ANSWER, True)

    @pytest.mark.parametrize("sdk", SDKS)
    def test_sdks_raise_their_own_exceptions(
        self, gateway: Gateway, clients: Clients, upstream: Upstream, keys: dict[str, str], operator: Operator, sdk: str
    ) -> None:
        speaks(gateway, sdk)
        if names_in_body(gateway, sdk):
            pytest.skip("such calls are refused as model_not_named, before the model is compared")

        refusals = [clients.refusal(sdk, keys["customer"], name) for name in FORBIDDEN]
        unknown = clients.refusal(sdk, keys["unknown"], "gw-chat")
        limited = operator.run("result = world.key('gw', rate_limit='1/hour')")
        clients.ask(sdk, limited, "gw-chat")
        too_many = clients.refusal(sdk, limited, "gw-chat")

        # A caller cannot tell a hidden model from one that does not exist.
        assert len({refusal.message for refusal in refusals}) == 1
        for refusal, expected in ((refusals[0], MODEL_REFUSED), (unknown, KEY_REFUSED), (too_many, RATE_REFUSED)):
            seen = (refusal.exception, refusal.status, refusal.kind)
            assert seen == expected[sdk] or (not gateway.keeps_refusals and seen[:2] == expected[sdk][:2])
        assert upstream.models == ["gw-chat"]

    def test_a_body_of_3_mb_may_name_its_model_last(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        content = [{"role": "user", "content": "x" * 3_000_000}]
        path = "/v1/chat/completions"

        answers = [
            post(gateway, path, {"messages": content, "model": name}, key=keys["customer"])
            for name in ("gw-chat", "gw-secret")
        ]

        if not gateway.reads_bodies:
            assert ([answer.status for answer in answers], upstream.received) == ([403, 403], [])
            return
        assert [answer.status for answer in answers] == [200, 403]
        assert (upstream.models, len(upstream.received[0].body) > 3_000_000) == (["gw-chat"], True)

    def test_a_body_in_chunks_is_read_whole(self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]) -> None:
        def chunks(name: str) -> Iterator[bytes]:
            body = json.dumps({"messages": [{"role": "user", "content": "x" * 100_000}], "model": name}).encode()
            return iter([body[:10], body[10:60_000], body[60_000:]])

        # Without a length, http.client sends chunks.
        path, sent = "/v1/chat/completions", {"content-type": "application/json"}
        answers = [
            post(gateway, path, chunks(name), key=keys["customer"], headers=sent) for name in ("gw-chat", "gw-secret")
        ]

        expected = [200, 403] if gateway.reads_bodies else [403, 403]
        assert [answer.status for answer in answers] == expected
        assert upstream.models == ["gw-chat"] * expected.count(200)

    def test_the_upstream_receives_the_bytes_of_the_body(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        """What a configuration language would replace is not replaced."""
        if not gateway.keeps_bodies:
            pytest.skip("this gateway writes bodies of its own")
        text = (
            "{env.UPSTREAM_KEY} {http.request.header.Authorization} {{ env `PATH` }} %[src] %ENVIRONMENT(PATH)% $host ü"
        )
        body = json.dumps({"contents": [{"parts": [{"text": text}]}]}, ensure_ascii=False).encode()

        answer = post(gateway, GEMINI.format("gw-chat"), body, key=keys["customer"], headers={"content-type": JSON})

        assert answer.status == 200
        assert upstream.received[0].body == body

    def test_audio_is_sent_as_multipart(
        self, gateway: Gateway, clients: Clients, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        openai = clients.client("openai", keys["customer"])

        def transcribe(name: str) -> str:
            file = ("hello.wav", b"RIFF" + bytes(200_000))
            return str(openai.audio.transcriptions.create(file=file, model=name).text)

        if gateway.reads_multipart:
            assert transcribe("gw-chat") == ANSWER
        else:
            with pytest.raises(Exception, match=r"\b40[03]\b"):
                transcribe("gw-chat")
        with pytest.raises(Exception, match=r"\b40[03]\b"):
            transcribe("gw-secret")

        assert upstream.models == (["gw-chat"] if gateway.reads_multipart else [])

    @pytest.mark.parametrize(
        "named",
        [
            {"fallbacks": ["gw-secret"]},
            {"fallbacks": [{"model": "gw-secret"}]},
            {"fallbacks": [{"gw-chat": ["gw-second", "gw-secret"]}]},
            {"models": ["gw-chat", "gw-secret"]},
        ],
        ids=str,
    )
    def test_every_fallback_has_to_be_allowed(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str], named: dict[str, Any]
    ) -> None:
        body = {"messages": [{"role": "user", "content": "Hello"}]}
        allowed = json.loads(json.dumps(named).replace("gw-secret", "gw-second"))
        path = "/v1/chat/completions"

        refused = post(gateway, path, body | named | {"model": "gw-chat"}, key=keys["customer"])
        answered = post(gateway, path, body | allowed | {"model": "gw-chat"}, key=keys["customer"])

        assert refused.status in {400, 403}
        assert answered.status == (200 if gateway.reads_fallbacks else 403)
        assert upstream.models == (["gw-chat"] if gateway.reads_fallbacks else [])

    @pytest.mark.parametrize("forged", FORGED, ids=str)
    def test_a_forged_header_opens_no_other_model(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str], forged: dict[str, str]
    ) -> None:
        by_body = chat(gateway, "gw-secret", key=keys["customer"], **forged)
        by_address = post(gateway, GEMINI.format("gw-secret"), CONTENT, key=keys["customer"], headers=forged)

        assert 400 <= by_body.status < 500
        assert 400 <= by_address.status < 500
        assert upstream.models == []

    def test_the_upstream_receives_no_result_from_the_caller(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        names = ("Key-Id", "Model", "Group", "Token-Name", "Revision", "Reason", "Message")
        forged = {f"X-Modelbook-{name}": "evil" for name in names}

        gemini = post(gateway, GEMINI.format("gw-chat"), CONTENT, key=keys["customer"], headers=forged)
        post(gateway, GEMINI.format("gw-chat"), CONTENT, key=keys["customer"], headers={"X-Modelbook-Anything": "evil"})
        post(gateway, GEMINI.format("gw-chat"), CONTENT, key=keys["customer"], headers={"X_Modelbook_Key_Id": "evil"})

        # The fixture `upstream` looks for the word in everything that was received.
        assert gemini.status == 200

    def test_a_caller_removes_no_result_of_the_check(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        """Proxies remove what Connection names."""
        named = {"connection": "close, X-Modelbook-Key-Id, X-Original-Uri, X-Forwarded-Uri, X-Forwarded-For"}

        allowed = post(gateway, GEMINI.format("gw-chat"), {}, key=keys["customer"], headers=named)
        refused = post(gateway, GEMINI.format("gw-secret"), {}, key=keys["customer"], headers=named)
        wrong = post(gateway, GEMINI.format("gw-chat"), {}, key=keys["here"], headers=named)

        assert allowed.status in {200, 400}
        assert {refused.status, wrong.status} <= {400, 403}
        if gateway.passes_result:
            ids = [received.headers.get("x-modelbook-key-id") for received in upstream.received]
            assert ids == [keys["customer"].split("_")[-2]] * (allowed.status == 200)

    def test_the_upstream_receives_the_result_of_the_check(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        assert call(gateway, "gw-nick", key=keys["customer"]).status == 200

        headers = upstream.received[0].headers
        if gateway.passes_result:
            assert headers["x-modelbook-key-id"] == keys["customer"].split("_")[-2]
            assert headers["x-modelbook-model"] == "gw-chat"
            assert headers["x-modelbook-group"] == "gw"
            assert headers["x-modelbook-token-name"] == "customer"
        else:
            assert [name for name in headers if name.startswith("x-modelbook-")] == []

    @pytest.mark.parametrize("path", AMBIGUOUS)
    def test_an_ambiguous_address_opens_no_other_model(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str], path: str
    ) -> None:
        query = "&" if "?" in path else "?"
        body = {"model": "gw-chat", "messages": []}

        plain = post(gateway, path, body, key=keys["customer"])
        with_query = post(gateway, f"{path}{query}model=gw-chat", body, key=keys["customer"])

        assert 400 <= plain.status < 500
        assert 400 <= with_query.status < 500
        assert upstream.received == []

    @pytest.mark.parametrize("path", CLOSED)
    def test_only_calls_and_the_catalog_are_open(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str], path: str
    ) -> None:
        answers = [post(gateway, path, key=keys["customer"], method=method) for method in ("GET", "POST")]

        assert upstream.received == []
        assert all(400 <= answer.status < 500 for answer in answers)

    def test_a_model_may_have_slashes(self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]) -> None:
        path = GEMINI.format("gw/with/slashes")

        assert post(gateway, path, CONTENT, key=keys["customer"]).status == 200
        assert upstream.models == ["gw/with/slashes"]

    def test_the_customers_key_may_be_in_any_place(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        path, key = GEMINI.format("gw-chat"), keys["customer"]
        places = [{name: f"Bearer {key}"} for name in HEADERS] + [{name: key} for name in HEADERS]
        # SDKs send a placeholder beside the key.
        both = [{"authorization": "Bearer sk-placeholder", name: key} for name in HEADERS if name != "Authorization"]

        answers = [post(gateway, path, CONTENT, headers=headers) for headers in (*places, *both)]
        in_query = [post(gateway, f"{path}?{name}={key}&alt=json", CONTENT) for name in ("key", "%6bey")]

        assert [answer.status for answer in answers] == [200] * len([*places, *both])
        assert in_query[0].status in ({200} if gateway.accepts_keys_in_query else {401, 404})
        assert all(received.keys == {KEY} for received in upstream.received)
        assert not any("placeholder" in received.text for received in upstream.received)

    def test_the_gateway_may_have_any_host_name(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        if not gateway.sends_own_host:
            pytest.skip("ALLOWED_HOSTS must contain the names of this gateway")
        sent = {"host": "api.example.com"}

        assert post(gateway, GEMINI.format("gw-chat"), CONTENT, key=keys["customer"], headers=sent).status == 200

    def test_a_key_works_from_its_networks_only(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        names = ("x-forwarded-for", "x-real-ip", "x-envoy-external-address", "cf-connecting-ip")
        forged = dict.fromkeys(names, ELSEWHERE)
        forged |= {"forwarded": f"for={ELSEWHERE}"}

        path = GEMINI.format("gw-chat")
        right = post(gateway, path, CONTENT, key=keys["here"], source=ELSEWHERE)
        right_and_forged = post(
            gateway, path, CONTENT, key=keys["here"], source=ELSEWHERE, headers={"x-forwarded-for": HERE}
        )
        wrong = post(gateway, path, CONTENT, key=keys["here"])
        wrong_and_forged = post(gateway, path, CONTENT, key=keys["here"], headers=forged)

        assert [right.status, right_and_forged.status, wrong.status, wrong_and_forged.status] == [200, 200, 403, 403]
        assert (reason(wrong), reason(wrong_and_forged)) == ("ip_not_allowed", "ip_not_allowed")
        assert upstream.models == ["gw-chat"] * 2

    def test_each_reason_has_its_own_message(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str], operator: Operator
    ) -> None:
        path = GEMINI.format("gw-chat")
        limited = operator.run("result = world.key('gw', rate_limit='1/hour')")
        assert post(gateway, path, CONTENT, key=limited).status == 200

        refused = {
            "insufficient_quota": post(gateway, path, CONTENT, key=keys["spent"]),
            "ip_not_allowed": post(gateway, path, CONTENT, key=keys["here"]),
            "model_not_allowed": post(gateway, GEMINI.format("gw-secret"), CONTENT, key=keys["customer"]),
            "rate_limit_exceeded": post(gateway, path, CONTENT, key=limited),
            "key_expired": post(gateway, path, CONTENT, key=keys["expired"]),
            "invalid_api_key": post(gateway, path, CONTENT, key=keys["unknown"]),
            "missing_api_key": post(gateway, path, CONTENT),
        }

        assert {code: reason(answer) for code, answer in refused.items()} == {code: code for code in refused}
        assert len({message(answer) for answer in refused.values()}) == len(refused)
        assert int(refused["rate_limit_exceeded"].headers["retry-after"]) > 0
        assert {answer.headers.get_content_type() for answer in refused.values()} == {"application/json"}
        assert upstream.models == ["gw-chat"]

    def test_a_call_that_uses_up_the_budget_is_the_last_one(
        self, gateway: Gateway, upstream: Upstream, modelbook: Server, keys: dict[str, str], operator: Operator
    ) -> None:
        key = operator.run("result = world.key('gw', budget_amount=1, budget_currency='USD', budget_period='month')")
        assert call(gateway, "gw-chat", key=key).status == 200

        # The price of a million tokens is one dollar. An event that is sent again does not count again. Gateways may
        # report the two calls themselves.
        first, again = [report(modelbook, keys["reporter"], key, tokens=999_900) for _ in range(2)]
        answered = call(gateway, "gw-nick", key=key)
        report(modelbook, keys["reporter"], key, tokens=100)
        refused = call(gateway, "gw-chat", key=key)

        assert (first["taken"], again["taken"], again["repeated"]) == (1, 0, 1)
        assert (answered.status, reason(refused)) == (200, "insufficient_quota")
        assert ("x-modelbook-budget-warning" in answered.headers) == gateway.warns_of_budgets
        resets_at = refused.headers["x-modelbook-resets-at"]
        assert (resets_at in message(refused), int(refused.headers["retry-after"]) > 0) == (True, True)
        assert len(upstream.models) == 2

    def test_a_call_without_a_model_is_refused(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        sent = {"content-type": "application/json"}
        answers = [
            post(gateway, "/v1/chat/completions", body, key=keys["customer"], headers=sent)
            for body in (b'{"messages": []}', b'{"model": ""}', None)
        ]

        assert {answer.status for answer in answers} <= {400, 403}
        assert reason(answers[0]) == "model_not_named"
        assert upstream.received == []

    @pytest.mark.parametrize("body", [b"{", b'{"model": "gw-secret", "model": "gw-chat"}', b'["gw-chat"]', b"\xff"])
    def test_a_body_that_is_not_readable_is_refused(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str], body: bytes
    ) -> None:
        sent = {"content-type": "application/json"}

        answer = post(gateway, "/v1/chat/completions", body, key=keys["customer"], headers=sent)

        assert (answer.status in {400, 403, gateway.unreadable_status}, upstream.received) == (True, [])

    def test_a_revoked_key_is_refused_by_the_next_call(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str], operator: Operator
    ) -> None:
        key = operator.run("result = world.key('gw', name='gw-revoked')")
        path = GEMINI.format("gw-chat")
        assert post(gateway, path, CONTENT, key=key).status == 200

        operator.run("Token.objects.filter(name='gw-revoked').set_enabled(False)")
        refused = [post(gateway, path, CONTENT, key=key).status for _ in range(5)]
        operator.run("Token.objects.filter(name='gw-revoked').delete()")

        assert (refused, upstream.models) == ([401] * 5, ["gw-chat"])

    def test_nothing_is_allowed_while_modelbook_is_down(
        self, gateway: Gateway, upstream: Upstream, line: Line, keys: dict[str, str]
    ) -> None:
        path = GEMINI.format("gw-chat")
        with line.cut():
            answers = [post(gateway, path, CONTENT, key=keys[name]) for name in ("customer", "unknown")]
            listed = post(gateway, "/v1/models", key=keys["customer"], method="GET")

        for answer in answers:
            if gateway.explains_outages:
                assert (answer.status, answer.json()["error"]["message"] != "") == (503, True)
            assert answer.status >= 500
        assert (listed.status >= 500 or not gateway.serves_catalog, upstream.received) == (True, [])
        # It works again by itself.
        wait_until(lambda: post(gateway, path, CONTENT, key=keys["customer"]).status == 200, "the gateway calls it")

    @pytest.mark.parametrize("sdk", SDKS)
    def test_sdks_can_read_that_modelbook_is_down(
        self, gateway: Gateway, clients: Clients, upstream: Upstream, line: Line, keys: dict[str, str], sdk: str
    ) -> None:
        speaks(gateway, sdk)
        if not gateway.explains_outages:
            pytest.skip("the test above shows that it is refused")
        with line.cut():
            refusal = clients.refusal(sdk, keys["customer"], "gw-chat")

        seen = (refusal.exception, refusal.status, refusal.kind)
        assert seen == DOWN[sdk] or (not gateway.keeps_refusals and seen[1] == 503)
        assert upstream.received == []
        wait_until(lambda: call(gateway, "gw-chat", key=keys["customer"]).status == 200, "the gateway calls Modelbook")

    @pytest.mark.parametrize("sdk", ["openai", "anthropic", "gemini"])
    def test_lists_come_from_the_catalog(
        self, gateway: Gateway, clients: Clients, upstream: Upstream, keys: dict[str, str], sdk: str
    ) -> None:
        if not gateway.serves_catalog:
            pytest.skip("this gateway does not forward lists")

        assert sorted(clients.models(sdk, keys["customer"])) == ["gw-chat", "gw-ending", "gw-second", "gw/with/slashes"]
        assert upstream.received == []

    def test_single_models_and_prices_come_from_the_catalog(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        if not gateway.serves_catalog:
            pytest.skip("this gateway does not forward the catalog")

        def get(path: str) -> Answer:
            return post(gateway, path, key=keys["customer"], method="GET")

        assert get("/v1/models/gw-chat").json()["id"] == "gw-chat"
        assert get("/v1beta/models/gw-chat").json()["name"] == "models/gw-chat"
        assert get("/v1/models/gw-secret").status == 404
        assert "gw-chat" in {row["model_name"] for row in get("/api/pricing").json()["data"]}
        assert get("/api/token").json()["data"]["key_id"] == keys["customer"].split("_")[-2]
        assert upstream.received == []

    def test_logs_contain_no_keys(self, gateway: Gateway, upstream: Upstream, line: Line, keys: dict[str, str]) -> None:
        if gateway.log is None:
            pytest.skip("this gateway writes its log elsewhere")
        key, path = keys["customer"], GEMINI.format("gw-chat")

        def ask() -> Answer:
            return post(gateway, f"{path}?key={key}", CONTENT, headers={"referer": f"http://localhost/?key={key}"})

        ask()
        with upstream.down():
            ask()
        with line.cut():
            ask()
        wait_until(lambda: call(gateway, "gw-chat", key=key).status == 200, "the gateway calls Modelbook")
        post(gateway, path, CONTENT, headers={"x-goog-api-key": key})

        written = gateway.log.read_text()
        assert key not in written
        assert KEY not in written

    @pytest.mark.parametrize("protocol", ["h2c", "h2c, websocket", "websocket"])
    def test_calls_open_no_tunnel_to_the_upstream(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str], protocol: str
    ) -> None:
        settings = "AAMAAABkAARAAAAAAAIAAAAA"
        sent = {"connection": "Upgrade, HTTP2-Settings", "upgrade": protocol, "http2-settings": settings}

        # Calls that follow on an upgraded connection are checked by nobody.
        if protocol == "websocket" and not gateway.answers_upgrades:
            with pytest.raises(TimeoutError):
                post(gateway, GEMINI.format("gw-chat"), {}, key=keys["customer"], headers=sent, seconds=2)
        else:
            answer = post(gateway, GEMINI.format("gw-chat"), {}, key=keys["customer"], headers=sent)
            assert answer.status in {200, 400, 403}

        assert not any("upgrade" in received.headers for received in upstream.received)
