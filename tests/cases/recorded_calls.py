"""Compares the calls and charges that one-hub and done-hub recorded with the answers here."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from django.test import Client, RequestFactory
from django.utils import timezone

from tests.cases.importing import quote
from tokens.access.visibility import Listing
from tokens.api_error import ApiError
from tokens.auth.authentication import authenticate
from tokens.scope import Scope

ONE_UNIT = Decimal("0.000002")
# Kind of token in the recorded usage -> its meter, per side of the call.
METERS = {
    "prompt_tokens_details": {
        "cached_tokens": "input.cache_read", "cache_write_tokens": "input.cache_write", "audio_tokens": "input.audio",
        "image_tokens": "input.image", "text_tokens": "input.text",
    },
    "completion_tokens_details": {
        "audio_tokens": "output.audio", "image_tokens": "output.image", "reasoning_tokens": "output.reasoning",
    },
}  # fmt: skip


class Calls:
    """Which models keys may call here: by the functions that /api/authorize asks, since a request for each takes long.

    The address is asked for one model that a key may call, and for one that it may not.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        # Keys with the same permissions are asked once.
        self.by_permissions: dict[tuple[str, frozenset[str]], frozenset[str]] = {}

    def of(self, key: str, names: Collection[str]) -> frozenset[str]:
        """Those of the names that the key may call."""
        headers = {"authorization": f"Bearer sk-{key}"}
        try:
            scope = authenticate(RequestFactory().get("/", headers=headers), at=timezone.now()).scope
        except ApiError:
            allowed = frozenset[str]()
        else:
            allowed = frozenset() if scope.is_over_budget else self._visible(scope, frozenset(names))
        for name in (*sorted(allowed)[:1], *sorted({*names} - allowed)[:1]):
            status = self.client.get("/api/authorize", {"model": name}, headers=headers).status_code
            assert (status == 204) is (name in allowed), name
        return allowed

    def _visible(self, scope: Scope, names: frozenset[str]) -> frozenset[str]:
        permissions = scope.fingerprint, names
        if permissions not in self.by_permissions:
            self.by_permissions[permissions] = frozenset(filter(Listing(scope, timezone.now()).model, names))
        return self.by_permissions[permissions]


def differing_calls(client: Client, answers: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Key -> the probed models that it may call either there or here only; keys without a difference are left out."""
    calls = Calls(client)
    differing = {}
    for name, key in answers["keys"].items():
        there = {model for model, status in key["calls"].items() if status == 200}
        if different := calls.of(key["key"], key["calls"].keys()) ^ there:
            differing[name] = different
    return differing


def differing_charges(
    answers: Mapping[str, Any], *, claude: Collection[str] = (), known: Collection[str] = ()
) -> list[tuple[Any, Decimal]]:
    """The charges that differ from a quote by more than one unit, each with the quote.

    `claude`: the models whose channel counts only as Anthropic does. `known`: models whose charge is not in question.
    """
    differing = []
    for charge in answers["charges"]:
        # Without output, the programs estimate the tokens.
        if "quota" not in charge or charge["model"] in known or not charge["usage"]["completion_tokens"]:
            continue
        usage = usage_of(charge["usage"], counts_details=charge["model"] not in claude)
        quoted = Decimal(quote(charge["model"], usage, key=answers["keys"][charge["key"]]["key"])["amount"])
        if abs(quoted - charge["quota"] * ONE_UNIT) > ONE_UNIT:
            differing.append((charge, quoted))
    return differing


def usage_of(recorded: Mapping[str, Any], *, counts_details: bool) -> dict[str, int]:
    """Meter -> tokens, each token once."""
    usage = {"input": recorded["prompt_tokens"], "output": recorded["completion_tokens"]}
    if native := recorded.get("claude"):
        written = native.get("cache_creation", {"ephemeral_5m_input_tokens": native["cache_creation_input_tokens"]})
        return usage | {
            "input.cache_read": native["cache_read_input_tokens"],
            "input.cache_write[5m]": written["ephemeral_5m_input_tokens"],
            "input.cache_write[1h]": written.get("ephemeral_1h_input_tokens", 0),
        }
    for side, details in METERS.items() if counts_details else ():
        for kind, meter in details.items():
            if tokens := recorded.get(side, {}).get(kind, 0):
                usage[meter] = tokens
                usage[meter.partition(".")[0]] -= tokens
    return usage
