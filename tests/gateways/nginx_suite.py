"""What both configurations of nginx as a gateway do beyond the suite of all gateways."""

import pytest

from tests.gateways.gateway import Gateway, post
from tests.gateways.suite import GEMINI, GatewaySuite
from tests.gateways.upstream import Upstream

# Dialect -> path and headers of a call that is refused before its body is read.
DIALECTS = {
    "openai": ("/v1/chat/completions", {}),
    "anthropic": ("/v1/messages", {"anthropic-version": "2023-06-01"}),
    "gemini": (GEMINI.format("gw-chat"), {}),
}


class NginxSuite(GatewaySuite):
    """The suite of all gateways, and errors of nginx itself."""

    def test_the_caller_is_informed_of_the_end_of_a_model(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        answer = post(gateway, GEMINI.format("gw-ending"), {}, key=keys["customer"])

        assert (answer.status, answer.headers["x-modelbook-successor"]) == (200, "gw-chat")
        assert answer.headers["deprecation"].startswith("@")
        assert answer.headers["sunset"].endswith("2099 00:00:00 GMT")
        assert upstream.received[0].headers["x-modelbook-requested-model"] == "gw-ending"

    def test_an_upstream_that_is_down_is_not_a_failed_check(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        with upstream.down():
            answer = post(gateway, GEMINI.format("gw-chat"), {}, key=keys["customer"])

        message = "The model does not answer right now. Try again in a moment."
        assert (answer.status, answer.json()["error"]["message"]) == (503, message)

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_a_body_above_the_limit_is_refused_in_json(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str], dialect: str
    ) -> None:
        path, headers = DIALECTS[dialect]

        answer = post(gateway, path, b"{", key=keys["customer"], headers=headers | {"content-length": "70000000"})

        assert (answer.status, answer.json()["error"]["message"]) == (413, "The body of the request is too large.")
        assert upstream.received == []

    def test_an_id_with_a_colon_is_looked_up_in_the_catalog(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        answer = post(gateway, "/v1/models/ft:gpt-4o:acme", key=keys["customer"], method="GET")

        assert (answer.status, answer.json()["error"]["code"], upstream.received) == (404, "model_not_found", [])
