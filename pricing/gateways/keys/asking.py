"""Asks the running gateway which models each key lists. Keys are in no message and in no log.

The gateway is asked for lists only: calls would cost money.
"""

import datetime as dt
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from catalog.exact import InexactError, read_json
from catalog.imports.fetching import FetchError, ask
from pricing.gateways.keys.comparison import Comparison, compare_keys
from pricing.gateways.keys.gateway_rules import OTHER_ADDRESS, Answer, GatewayRules
from pricing.gateways.reading.gateway import Gateway, GatewayToken

# The gateway serves customers at the same time.
AT_ONCE = 4
FORBIDDEN = 403
REFUSED = frozenset({401, FORBIDDEN})
# new-api answers so for a key whose user was deleted.
BROKEN = 500


class GatewayUnavailableError(ValueError):
    """The gateway cannot be asked; the message is one sentence for the operator."""


def verify_keys(url: str, gateway: Gateway, *, at: dt.datetime) -> Comparison:
    """Compares what the running gateway answers each key with what the key gets here."""
    rules = GatewayRules(gateway, at=at)
    asked = ask_gateway(url, rules)
    return compare_keys(rules, at=at, answer=lambda token: asked[token.id])


def ask_gateway(url: str, rules: GatewayRules) -> Mapping[int, Answer]:
    """Token -> what the running gateway answers its key. GatewayUnavailableError if it does not answer for every key.

    The calls that a key may make are those that the database states, because no call is made.
    """
    address = _address(url)
    tokens = rules.gateway.tokens
    answers: dict[int, Answer] = {}
    executor = ThreadPoolExecutor(AT_ONCE)
    try:
        for token, answer in zip(tokens, executor.map(lambda token: _ask(address, token, rules), tokens), strict=True):
            answers[token.id] = answer
    finally:
        # After a failure the keys that wait are not asked.
        executor.shutdown(cancel_futures=True)
    return answers


def _address(url: str) -> str:
    return f"{url.rstrip('/').removesuffix('/v1').rstrip('/')}/v1/models"


def _ask(address: str, token: GatewayToken, rules: GatewayRules) -> Answer:
    by_database = rules.answer(token)
    try:
        reply = ask(address, headers={"Authorization": f"Bearer sk-{token.key}"})
    except (FetchError, ValueError) as error:
        why = str(error) if isinstance(error, FetchError) else "The key of a token cannot be sent in a header."
        raise GatewayUnavailableError(why) from None
    if reply.status == FORBIDDEN and token.networks and not by_database.refusal:
        return Answer(OTHER_ADDRESS)
    if reply.status in REFUSED or (reply.status == BROKEN and not rules.user_of(token).enabled):
        return Answer(f"the gateway answers {reply.status}")
    if reply.status != 200:
        raise GatewayUnavailableError(
            f"The gateway answers {reply.status} to the key of token {token.id}, so the keys were not compared: "
            "check the address, and try again later."
        )
    listed = _ids(reply.content)
    if listed is not None and any(token.key in name for name in listed):
        # Reports show the names of models.
        raise GatewayUnavailableError(
            "The answer has a key among its models, so no gateway gave it: check the address."
        )
    if listed is None:
        raise GatewayUnavailableError("The gateway does not answer with a list of models: check the address.")
    if by_database.refusal and rules.refuses_only_calls(token):
        return Answer(listed=listed)
    if by_database.refusal:
        # The key has changed since the database was read or copied.
        return Answer(listed=listed, callable=listed)
    known = rules.gateway.channels_of.keys() | by_database.listed
    # The gateway has offered these since the database was read or copied. It may list limits that it does not offer,
    # Veloera with the prefix of a channel.
    limits = token.limits or ()
    added = frozenset(name for name in listed - known if not name.strip().endswith(limits))
    return replace(by_database, listed=listed, callable=by_database.callable | added)


def _ids(content: bytes) -> frozenset[str] | None:
    """The ids in a list of models; None if it is not one."""
    try:
        body: Any = read_json(content)
    except InexactError:
        return None
    if not isinstance(body, dict) or "data" not in body or body.get("success") is False:
        return None
    # An empty list may be null.
    rows = body["data"] or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) and isinstance(row.get("id"), str) for row in rows):
        return None
    return frozenset(row["id"] for row in rows)
