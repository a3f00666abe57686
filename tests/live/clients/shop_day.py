"""A shop's day with a client that openapi-python-client has generated: sign-up, limit, models, usage, rotate, revoke.

Takes instructions in JSON: the address, an admin key with the scope `tokens`, and the folder of the generated package
`shop_client`. Prints what it saw.
"""

import json
import sys
from typing import Any

INSTRUCTIONS = json.loads(sys.argv[1])
sys.path.insert(0, INSTRUCTIONS["folder"])

from shop_client import AuthenticatedClient  # noqa: E402
from shop_client.api.tokens import (  # noqa: E402
    create_token,
    get_token,
    get_token_models,
    get_token_usage,
    list_tokens,
    revoke_token,
    rotate_token,
    update_token,
)
from shop_client.models import PatchedTokenRequest, Problem, Rotation, TokenRequest  # noqa: E402


def performed(answer: Any) -> Any:
    """The parsed body of a response; an error for a problem."""
    if answer.parsed is None or isinstance(answer.parsed, Problem):
        raise SystemExit(f"{answer.status_code}: {answer.content!r}")
    return answer.parsed


def main() -> None:
    client = AuthenticatedClient(base_url=INSTRUCTIONS["url"], token=INSTRUCTIONS["key"])
    wanted = {
        "name": "Ada's shop account",
        "allow": ["gpt-*"],
        "budget": {"amount": "5", "currency": "USD", "period": "month"},
        "metadata": {"customer": 42},
    }
    body = TokenRequest.from_dict(wanted)
    trial = performed(create_token.sync_detailed(client=client, body=body, dry_run=1))
    issued = performed(create_token.sync_detailed(client=client, body=body, idempotency_key="order-7"))
    again = create_token.sync_detailed(client=client, body=body, idempotency_key="order-7")
    limit = PatchedTokenRequest.from_dict({"rate_limit": "600/minute", "budget": {"amount": "7.5"}})
    limited = performed(update_token.sync_detailed(issued.key_id, client=client, body=limit, if_match=issued.etag))
    refused = update_token.sync_detailed(issued.key_id, client=client, body=limit, if_match=issued.etag)
    models = performed(get_token_models.sync_detailed(issued.key_id, client=client))
    usage = performed(get_token_usage.sync_detailed(issued.key_id, client=client))
    rotated = performed(rotate_token.sync_detailed(issued.key_id, client=client, body=Rotation(grace="1h")))
    listed = performed(list_tokens.sync_detailed(client=client, limit=10))
    revoked = performed(revoke_token.sync_detailed(rotated.key_id, client=client))
    stored = performed(get_token.sync_detailed(rotated.key_id, client=client))
    seen = {
        "trial": trial.to_dict()["impact"],
        "key": issued.key,
        "metadata": issued.metadata.to_dict(),
        "repeated": [again.headers["idempotent-replayed"], again.parsed.key_id == issued.key_id, again.parsed.key],
        "limited": [limited.rate_limit, limited.budget.to_dict()],
        "refused": [refused.status_code, refused.parsed.type_],
        "models": [model.id for model in models.results],
        "usage": usage.results,
        "rotated": [rotated.previous_key_id == issued.key_id, rotated.key],
        "listed": [token.name for token in listed.results],
        "revoked": [revoked.state, stored.enabled],
    }
    sys.stdout.write(f"{json.dumps(seen)}\n")


if __name__ == "__main__":
    main()
