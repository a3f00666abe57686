"""LiteLLM's proxy: docs/gateways/litellm/."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateways.gateway import HERE, Gateway, Line, chat, configuration, post, running
from tests.gateways.sdks import SDKS, Clients
from tests.gateways.suite import GatewaySuite
from tests.gateways.upstream import ANSWER, COMPLETION_TOKENS, KEY, PROMPT_TOKENS, Upstream
from tests.live.deployment import Operator
from tests.live.test_clients import client_folder
from tests.servers import free_port, wait_until

MASTER_KEY = "sk-master-0123456789abcdef0123456789abcdef"
# A deployment that cannot be reached, and where LiteLLM turns then.
FALLBACKS = """  - model_name: gw-broken
    litellm_params: {{model: openai/gw-broken, api_base: "http://127.0.0.1:{port}", api_key: none}}

router_settings:
  num_retries: 0
  fallbacks: [{{gw-broken: [gw-secret, gw-chat]}}]

litellm_settings:
"""
BROKEN = """
world.channel('gw-broken', group='gw-broken')
world.model('gw-broken', on='gw-broken')
result = world.key('gw', 'gw-broken')
"""
EVENTS = """
from pricing.models import UsageEvent
events = UsageEvent.objects.filter(key_id={key_id!r}).order_by('pk')
result = [
    [event.name, {{meter: int(count) for meter, count in event.usage.items()}}, str(event.cost), event.group]
    for event in events
]
"""
# A million tokens of the prompt cost a dollar, and those of the completion two.
CALL = ["gw-chat", {"input": PROMPT_TOKENS, "output": COMPLETION_TOKENS}, "0.000029", "gw"]


@pytest.fixture(scope="module")
def gateway(
    line: Line, running_models: Upstream, keys: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    folder, port = tmp_path_factory.mktemp("litellm"), free_port()
    changes = {":8100": f":{running_models.port}", "litellm_settings:\n": FALLBACKS.format(port=free_port())}
    files = configuration("litellm", folder, changes)
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(client_folder("litellm")),
        "MODELBOOK_URL": f"http://{HERE}:{line.port}",
        "MODELBOOK_USAGE_KEY": keys["reporter"],
        "UPSTREAM_KEY": KEY,
        "LITELLM_MASTER_KEY": MASTER_KEY,
        # LiteLLM's own price list, without the network; tests/live/test_litellm_costs.py uses ours.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "FORWARDED_ALLOW_IPS": "",
        **dict.fromkeys(("NO_DOCS", "NO_REDOC", "NO_OPENAPI", "DISABLE_ADMIN_UI"), "true"),
    }
    command = [sys.executable, "-m", "litellm.proxy.proxy_cli", "--config", str(files / "config.yaml")]
    with running([*command, "--host", HERE, "--port", str(port)], port, folder, env=environment) as log:
        yield Gateway(
            port,
            log=log,
            passes_result=False,
            keeps_bodies=False,
            serves_catalog=False,
            opens_websockets=False,
            answers_upgrades=False,
            gemini_version="v1beta",
            unreadable_status=500,
        )


class TestLiteLLM(GatewaySuite):
    """Everything but lists of other dialects than OpenAI's, and websockets."""

    def test_the_caller_is_informed_of_the_end_of_a_model(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        answer = chat(gateway, "gw-ending", key=keys["customer"])

        assert (answer.status, answer.headers["x-modelbook-successor"]) == (200, "gw-chat")
        assert answer.headers["deprecation"].startswith("@")
        assert answer.headers["sunset"].endswith("2099 00:00:00 GMT")


class Reported:
    """The usage events of one new key."""

    def __init__(self, operator: Operator, key: str) -> None:
        self._operator = operator
        self._code = EVENTS.format(key_id=key.split("_")[-2])

    def all(self, count: int) -> list[Any]:
        """The events, as soon as there are so many: name, usage, cost, group."""
        wait_until(lambda: len(self._read()) >= count, f"{count} events are reported")
        return self._read()

    def _read(self) -> list[Any]:
        events: list[Any] = self._operator.run(self._code)
        return events


@pytest.fixture
def key(operator: Operator) -> str:
    created: str = operator.run("result = world.key('gw')")
    return created


@pytest.fixture
def reported(operator: Operator, key: str) -> Reported:
    return Reported(operator, key)


@pytest.mark.django_db
class TestUsage:
    def test_each_answer_is_reported_once(
        self, clients: Clients, upstream: Upstream, key: str, reported: Reported
    ) -> None:
        for sdk in SDKS:
            assert clients.ask(sdk, key, "gw-chat") == "".join(clients.stream(sdk, key, "gw-chat")) == ANSWER
        clients.refusal("openai", key, "gw-secret")

        assert reported.all(8) == [CALL] * 8

    def test_an_alias_is_called_and_charged_as_its_model(
        self, gateway: Gateway, upstream: Upstream, key: str, reported: Reported
    ) -> None:
        assert chat(gateway, "gw-nick", key=key).status == 200

        assert (upstream.models, reported.all(1)) == (["gw-chat"], [CALL])

    def test_a_fallback_must_be_allowed_and_is_charged_as_itself(
        self, gateway: Gateway, upstream: Upstream, operator: Operator
    ) -> None:
        key = operator.run(BROKEN)

        assert chat(gateway, "gw-broken", key=key).status == 200

        assert (upstream.models, Reported(operator, key).all(1)) == (["gw-chat"], [CALL])

    def test_callers_cannot_suppress_their_usage(
        self, gateway: Gateway, upstream: Upstream, key: str, reported: Reported
    ) -> None:
        body: dict[str, Any] = {"model": "gw-chat", "messages": [{"role": "user", "content": "Hello"}]}
        forged: list[dict[str, Any]] = [
            {"no-log": True},
            {"metadata": {"user_api_key_auth": "evil", "model_group": "gw-second"}},
            {"stream": True, "stream_options": {"include_usage": False}},
        ]
        headers = {"x-litellm-call-id": "always-the-same", "x-litellm-disable-callbacks": "modelbook_litellm.usage"}

        answers = [
            post(gateway, "/v1/chat/completions", body | part, key=key, headers=headers) for part in [*forged, *forged]
        ]

        assert [answer.status for answer in answers] == [200] * 6
        assert reported.all(6) == [CALL] * 6

    def test_usage_waits_while_modelbook_is_down(
        self, clients: Clients, upstream: Upstream, line: Line, key: str, reported: Reported
    ) -> None:
        with upstream.holding() as release:
            parts = clients.stream("openai", key, "gw-chat")
            first = next(parts)
            with line.cut():
                release.set()
                assert first + "".join(parts) == ANSWER
                # The first report fails within this time.
                wait_until(lambda: line.refused > 0, "a report of usage fails")

        assert reported.all(1) == [CALL]


@pytest.mark.django_db
class TestAddresses:
    def test_lists_have_the_models_of_the_key(self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]) -> None:
        answer = post(gateway, "/v1/models", key=keys["customer"], method="GET")

        listed = {model["id"] for model in answer.json()["data"]}
        assert listed == {"gw-chat", "gw-second", "gw-ending", "gw/with/slashes"}

    @pytest.mark.parametrize(
        "path", ["/v1/models?include_metadata=true", "/model/info", "/openapi.json", "/spend/logs"]
    )
    def test_addresses_for_the_operator_are_closed(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str], path: str
    ) -> None:
        assert post(gateway, path, key=keys["customer"], method="GET").status in {403, 404}

    def test_the_operators_key_opens_litellms_own_addresses(self, gateway: Gateway, upstream: Upstream) -> None:
        answer = post(gateway, "/model/info", key=MASTER_KEY, method="GET")

        assert (answer.status, "gw-broken" in json.dumps(answer.json())) == (200, True)
