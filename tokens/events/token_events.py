"""Events of tokens: issued, rotated and revoked by a change, and refused requests."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from tokens.event_types import shapes
from tokens.events.changes import Change, derive_with, plain_value, slugs_of
from tokens.events.outbox import Draft, emit_all, subscriptions
from tokens.models import RetiredKey, Token, TokenGroup
from tokens.timestamps import format_timestamp

TYPES = ("token.issued", "token.rotated", "token.revoked")


def connect() -> None:
    derive_with(Token, TYPES, derive)


def derive(changes: Sequence[Change]) -> Iterator[Draft]:
    for change in changes:
        after = change.after
        context = context_of(after, slugs_of(TokenGroup, change.related("groups")).values())
        if change.is_new:
            issued: shapes.TokenIssued = {
                **context,
                "starts_at": plain_value(after.starts_at),
                "expires_at": plain_value(after.expires_at),
            }
            yield draft("token.issued", issued)
            continue
        before = change.before
        if after.key_id != before.key_id:
            retired = RetiredKey.objects.filter(token=after.id, key_id=before.key_id).order_by("pk").last()
            if retired is not None:
                rotated: shapes.TokenRotated = {
                    **context,
                    "previous_key_id": before.key_id,
                    "previous_valid_until": format_timestamp(retired.valid_until),
                }
                yield draft("token.rotated", rotated)
        if change.is_deletion or (before.enabled and not after.enabled):
            revoked: shapes.TokenRevoked = {**context, "deleted": change.is_deletion}
            yield draft("token.revoked", revoked)


def emit_refusals(refusals: Mapping[int, Any]) -> None:
    """Stores that requests with keys of these tokens were refused: once a day for each token and code.

    `refusals` has the last refusal of each token, as tokens/auth/last_use.py has it.
    """
    to = subscriptions("token.refused")
    if to:
        tokens = Token.objects.filter(pk__in=refusals).order_by("pk").prefetch_related("groups")
        emit_all((_refused(token, refusals[token.pk]) for token in tokens), to=to)


def _refused(token: Token, refusal: Any) -> Draft:
    data: shapes.TokenRefused = {
        **context_of(token, [group.slug for group in token.groups.all()]),
        "at": format_timestamp(refusal.at),
        "status": refusal.status,
        "code": refusal.code,
        "model": refusal.model,
        "address": refusal.address,
        "request_id": refusal.request_id,
    }
    day = refusal.at.astimezone(dt.UTC).date()
    return draft("token.refused", data, key=f"token.refused {token.pk} {refusal.code} {day}")


def draft(name: str, data: Any, *, key: str = "") -> Draft:
    """An event about a token or a budget, with the groups that its data names."""
    return Draft(name, data, groups=data["groups"], key=key)


def context_of(token: Any, groups: Collection[str]) -> shapes.TokenContext:
    """The part of the data that all events of tokens have; `token` is a row or a history row, with these groups."""
    slugs = set(groups)
    if token.uses_auto_groups:
        slugs.update(TokenGroup.objects.exclude(auto_position=None).values_list("slug", flat=True))
    return {"key_id": token.key_id, "name": token.name, "groups": sorted(slugs), "metadata": token.metadata}
