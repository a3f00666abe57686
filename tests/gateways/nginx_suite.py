"""What both configurations of nginx as a gateway do beyond the suite of all gateways."""

import pytest

from tests.gateways.gateway import Gateway, post
from tests.gateways.informing import InformingSuite
from tests.gateways.suite import GEMINI
from tests.gateways.upstream import Upstream
from tests.servers import wait_until

# Dialect -> path and headers of a call that is refused before its body is read.
DIALECTS = {
    "openai": ("/v1/chat/completions", {}),
    "anthropic": ("/v1/messages", {"anthropic-version": "2023-06-01"}),
    "gemini": (GEMINI.format("gw-chat"), {}),
}


class NginxSuite(InformingSuite):
    """The suite of all gateways, and errors of nginx itself."""

    def test_an_upstream_that_is_down_is_not_a_failed_check(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        with upstream.down():
            answer = post(gateway, GEMINI.format("gw-chat"), {}, key=keys["customer"])

        message = "The model does not answer right now. Try again in a moment."
        assert (answer.status, answer.json()["error"]["message"]) == (503, message)
        log, line = gateway.log, f'"POST {GEMINI.format("gw-chat")}" 503'
        assert log
        wait_until(lambda: line in log.read_text(), "the log has the call as it was sent")

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_a_body_above_the_limit_is_refused_in_json(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str], dialect: str
    ) -> None:
        path, headers = DIALECTS[dialect]

        answer = post(gateway, path, b"{", key=keys["customer"], headers=headers | {"content-length": "70000000"})

        assert (answer.status, answer.json()["error"]["message"]) == (413, "The body of the request is too large.")
        assert upstream.received == []
