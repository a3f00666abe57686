"""Issues, changes, rotates and revokes tokens: for the commands, the admin and the management API.

`Token.rotate` gives a token a new key. History and audit trail use the same words for all callers.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from catalog.db.audit import deed, record
from catalog.db.history import one_history_row
from catalog.error_messages import check_all
from catalog.operators.permissions import limit_rows
from tokens.models import RetiredKey, Token, TokenGroup
from tokens.models.tokens import KEY


@dataclass(frozen=True)
class Terms:
    """What is set of a token: columns, and its groups. None: they stay; a new token gets group default."""

    fields: Mapping[str, Any]
    groups: list[TokenGroup] | None = None


def issue(terms: Terms, *, actor: Any = None, taken_over: str | None = None) -> tuple[Token, str]:
    """A new token and its key, which is not stored and cannot be shown again.

    `taken_over` is a key that clients already use: it stays, and UnfitKeyError is raised if it cannot be used here.
    ValidationError, by field, if the terms are not valid. Call it in a transaction.
    """
    groups = [find_group(TokenGroup.DEFAULT, actor=actor)] if terms.groups is None else terms.groups
    token = Token(**terms.fields)
    validate(token, groups, actor=actor)
    # As validated: in their normal form.
    fields = {column: getattr(token, column) for column in terms.fields}
    if taken_over is None:
        issued: tuple[Token, str] = Token.objects.issue(groups=groups, **fields)
        return issued
    return Token.objects.take_over(plaintext=taken_over, groups=groups, **fields), taken_over


def change(token: Token, terms: Terms, *, actor: Any = None, reason: str = "") -> None:
    """Sets columns and groups of a stored token; ValidationError, by field, if the result is not valid.

    Call it in a transaction that holds the revision, and has read the token. An unchanged token is not written.
    """
    before = set(token.groups.all())
    groups = list(before) if terms.groups is None else terms.groups
    for column, value in terms.fields.items():
        setattr(token, column, value)
    validate(token, groups, actor=actor)
    if reason:
        # simple-history reads this.
        token._change_reason = reason  # type: ignore[attr-defined]  # noqa: SLF001
    stored = Token.objects.select_related("first_group").get(pk=token.pk)
    with one_history_row():
        if set(groups) != before:
            token.groups.set(groups)
        if set(groups) != before or any(getattr(stored, name) != getattr(token, name) for name in terms.fields):
            token.save(update_fields=[*terms.fields, "updated_at"])


def validate(token: Token, groups: Collection[TokenGroup], *, actor: Any = None) -> None:
    """ValidationError, by field, if a token with these groups is not valid, or the operator may not have made it so."""
    check_all(
        lambda: token.full_clean(exclude=KEY),
        lambda: token.validate_first_group(groups),
        lambda: validate_reach(token, groups, actor=actor),
    )


def validate_reach(token: Token, groups: Collection[TokenGroup], *, actor: Any) -> None:
    """ValidationError if an operator who is responsible for some groups gives a token others, or none of its own."""
    everything = TokenGroup.objects.all()
    limited = limit_rows(actor, everything)
    if limited is everything:
        return
    if token.uses_auto_groups:
        raise ValidationError({"uses_auto_groups": "You are not responsible for all automatic groups."})
    if not groups or not set(groups) <= set(limited):
        raise ValidationError({"groups": "Choose at least one group, and only groups that you are responsible for."})


def revoke(token: Token) -> bool:
    """Refuses all keys of a token from the next request on; whether one was accepted before."""
    with deed("revoked"):
        return bool(Token.objects.filter(pk=token.pk).set_enabled(False))


def end_replaced_key(token: Token, key_id: str, *, at: dt.datetime) -> tuple[RetiredKey, bool]:
    """Ends a key that a rotation has replaced; returns it, and whether it was in its grace period.

    The token and its other keys stay valid. RetiredKey.DoesNotExist if the token has no such key.
    """
    retired = token.retired_keys.filter(key_id=key_id)
    key = retired.latest("pk")
    retired.end(at=at)
    record("revoked", about=token, detail="the replaced key ended", previous_key_id=key.key_id)
    return key, key.valid_until > at


def find_group(slug: str, *, actor: Any = None) -> TokenGroup:
    """The group with this name, among those that the operator may see; ValueError if there is none."""
    groups = limit_rows(actor, TokenGroup.objects.all())
    if slug == TokenGroup.DEFAULT:
        default = TokenGroup.objects.default()
        if groups.filter(pk=default.pk).exists():
            return default
    group: TokenGroup | None = groups.filter(slug=slug).first()
    if group is None:
        slugs = ", ".join(groups.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise ValueError(f"There is no group {slug!r}. Use one of: {slugs}.")
    return group
