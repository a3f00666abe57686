"""Compares the calls and charges that one-hub and done-hub recorded with the answers here."""

import json
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from django.test import Client

from catalog.db.bulk import batches
from tokens.api.authorize import MAX_NAMED

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


def differing_calls(client: Client, answers: Mapping[str, Any]) -> dict[str, set[str]]:
    """Key -> the probed models that it may call either there or here only; keys without a difference are left out."""
    differing: dict[str, set[str]] = {}
    # Each call costs a request: of keys that list the same, only the first is asked for what it may not call.
    asked: set[tuple[frozenset[str], frozenset[str]]] = set()
    for name, key in answers["keys"].items():
        allowed = frozenset(model for model, status in key["calls"].items() if status == 200)
        if not all(_authorized(client, key, *batch) for batch in batches(sorted(allowed), MAX_NAMED)):
            differing[name] = {model for model in allowed if not _authorized(client, key, model)}
        if (answer := (_listed(client, key), allowed)) in asked:
            continue
        asked.add(answer)
        if more := {model for model in key["calls"].keys() - allowed if _authorized(client, key, model)}:
            differing[name] = differing.get(name, set()) | more
    return differing


def _authorized(client: Client, key: Mapping[str, Any], *models: str) -> bool:
    headers = {"authorization": f"Bearer sk-{key['key']}"}
    return client.get("/api/authorize", {"model": models}, headers=headers).status_code == 204


def _listed(client: Client, key: Mapping[str, Any]) -> frozenset[str]:
    """The listed ids, or the error."""
    answer = client.get("/v1/models", headers={"authorization": f"Bearer sk-{key['key']}"}).json()
    return frozenset([answer["error"]["code"]] if "error" in answer else [row["id"] for row in answer["data"]])


def differing_charges(
    client: Client, answers: Mapping[str, Any], *, claude: Collection[str] = (), known: Collection[str] = ()
) -> list[tuple[Any, Decimal]]:
    """The charges that differ from a quote by more than one unit, each with the quote.

    `claude`: the models whose channel counts only as Anthropic does. `known`: models whose charge is not in question.
    """
    differing = []
    for charge in answers["charges"]:
        # Without output, the programs estimate the tokens.
        if "quota" not in charge or charge["model"] in known or not charge["usage"]["completion_tokens"]:
            continue
        quoted = _quote(
            client, answers["keys"][charge["key"]]["key"], charge, counts_details=charge["model"] not in claude
        )
        if abs(quoted - charge["quota"] * ONE_UNIT) > ONE_UNIT:
            differing.append((charge, quoted))
    return differing


def _quote(client: Client, key: str, charge: Mapping[str, Any], *, counts_details: bool) -> Decimal:
    answer = client.post(
        "/api/pricing/quote",
        json.dumps({"model": charge["model"], "usage": usage_of(charge["usage"], counts_details=counts_details)}),
        content_type="application/json",
        headers={"authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 200, (charge, answer.content)
    return Decimal(answer.json()["amount"])


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
