"""The operator's process: reads code in JSON, one piece a line, runs it, and answers with the value of `result`."""

import json
import sys
from typing import Any

import django

django.setup()

from django.db import connection, transaction  # noqa: E402

from catalog.models import AIModel, Channel, Offer  # noqa: E402
from pricing.models import PriceSheet  # noqa: E402
from tests import world  # noqa: E402
from tokens.models import Token, TokenGroup  # noqa: E402

AT_HAND = (AIModel, Channel, Offer, PriceSheet, Token, TokenGroup, connection, transaction)


def main() -> None:
    names: dict[str, Any] = {getattr(thing, "__name__", ""): thing for thing in AT_HAND}
    names |= {"world": world, "connection": connection, "transaction": transaction}
    for line in sys.stdin:
        scope = {**names, "result": None}
        try:
            exec(json.loads(line), scope)  # noqa: S102
            outcome = {"result": scope["result"]}
        except Exception as error:  # noqa: BLE001
            outcome = {"error": repr(error)}
        sys.stdout.write(json.dumps(outcome) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
