"""Calls of the SDKs that are less frequent. LiteLLM itself answers only some of them."""

from typing import Any

import pytest

from tests.gateways.gateway import Gateway, open_websocket, post
from tests.gateways.suite import CONTENT, GEMINI, GatewaySuite
from tests.gateways.upstream import Upstream


class RarerCallsSuite(GatewaySuite):
    """The suite of all gateways, and these calls."""

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            (GEMINI.format("gw-chat").replace("generateContent", "batchGenerateContent"), {"batch": {}}),
            (GEMINI.format("gw-chat").replace("generateContent", "batchEmbedContents"), {"requests": []}),
            ("/v1beta/tunedModels/gw-tuned:generateContent", CONTENT),
            ("/v1/responses/input_tokens", {"model": "gw-chat", "input": "Hello"}),
            ("/v1/responses/compact", {"model": "gw-chat", "input": "Hello"}),
        ],
    )
    def test_they_are_open(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str], path: str, body: dict[str, Any]
    ) -> None:
        answer = post(gateway, path, body, key=keys["customer"])

        is_allowed = gateway.reads_bodies or ":" in path
        assert (answer.status < 400, len(upstream.received)) == (is_allowed, is_allowed)

    def test_openais_clients_encode_the_slashes_of_an_id(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        path = "/openai/deployments/gw%2Fwith%2Fslashes/chat/completions?api-version=2024-10-21"

        call = post(gateway, path, {"messages": []}, key=keys["customer"])
        single = post(gateway, "/v1/models/gw%2Fwith%2Fslashes", key=keys["customer"], method="GET")

        assert (call.status, [received.path for received in upstream.received]) == (200, [path])
        assert single.json()["id"] == "gw/with/slashes"

    def test_a_websocket_is_opened_for_an_allowed_model(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        if not gateway.opens_websockets:
            pytest.skip("this gateway opens no websockets")

        assert open_websocket(gateway, "gw-chat", keys["customer"]) == (101, b"ping")
        assert open_websocket(gateway, "gw-secret", keys["customer"])[0] == 403
        assert len(upstream.received) == 1
