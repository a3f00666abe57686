"""What gateways do that pass headers of the check to the caller of an allowed call."""

from tests.gateways.gateway import Gateway, post
from tests.gateways.rarer_calls import RarerCallsSuite
from tests.gateways.suite import GEMINI
from tests.gateways.upstream import Upstream


class InformingSuite(RarerCallsSuite):
    """The suite of all gateways, and what the caller of an allowed call learns."""

    def test_the_caller_is_informed_of_the_end_of_a_model(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        answer = post(gateway, GEMINI.format("gw-ending"), {}, key=keys["customer"])

        assert (answer.status, answer.headers["x-modelbook-successor"]) == (200, "gw-chat")
        assert answer.headers["deprecation"].startswith("@")
        assert answer.headers["sunset"].endswith("2099 00:00:00 GMT")
        assert upstream.received[0].headers["x-modelbook-requested-model"] == "gw-ending"

    def test_an_id_with_a_colon_is_looked_up_in_the_catalog(
        self, gateway: Gateway, upstream: Upstream, keys: dict[str, str]
    ) -> None:
        answer = post(gateway, "/v1/models/ft:gpt-4o:acme", key=keys["customer"], method="GET")

        assert (answer.status, answer.json()["error"]["code"], upstream.received) == (404, "model_not_found", [])
