"""Creates and changes webhooks: for the admin and the management API.

A webhook sends what an operator could read to a place where nobody is asked for permissions. So operators can only send
events about rows that they may see, and those who are responsible for some groups send none.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError

from catalog.db.audit import deed
from catalog.error_messages import check_all
from catalog.models import Vendor
from catalog.operators.permissions import limit_rows, may_view
from tokens.event_types.vocabulary import PING, TYPES
from tokens.events.outbox import send_to
from tokens.models import Event, TokenGroup, Webhook


def validate_choices(
    webhook: Webhook,
    *,
    vendors: Collection[Vendor],
    groups: Collection[TokenGroup],
    secret: str | None = None,
    actor: Any = None,
) -> None:
    """ValidationError, by field, if its types do not go with its limits, or the operator may not see their rows.

    It takes the secret, unless that is None.
    """
    check_all(
        lambda: webhook.refuse_unmatched(vendors=vendors, groups=groups),
        lambda: _validate_permissions(webhook, actor=actor),
        lambda: _validate_reach(actor),
        lambda: None if secret is None else webhook.enter_secret(secret),
    )


def store(
    webhook: Webhook,
    *,
    vendors: Collection[Vendor],
    groups: Collection[TokenGroup],
    secret: str | None = None,
    actor: Any = None,
) -> str:
    """Saves a new or changed webhook; ValidationError, by field, if it is not valid, or the operator may not do this.

    Returns the secret that a new one gets here, which is shown once: empty for other kinds.
    """
    check_all(
        webhook.full_clean,
        lambda: validate_choices(webhook, vendors=vendors, groups=groups, secret=secret, actor=actor),
    )
    gets_secret = webhook.pk is None and webhook.kind == Webhook.Kind.WEBHOOK
    new_secret = webhook.assign_secret() if gets_secret else ""
    webhook.save_with(vendors=vendors, groups=groups)
    return new_secret


def rotate_secret(webhook: Webhook, *, at: dt.datetime) -> str:
    """Gives it a new secret, which is shown once; the old one signs for a day more. ValidationError for other kinds."""
    if webhook.kind != Webhook.Kind.WEBHOOK:
        raise ValidationError("Only webhooks get a secret here.")
    secret = webhook.rotate_secret(at=at)
    with deed("secret rotated"):
        webhook.save()
    return secret


def send_test(webhook: Webhook, *, at: dt.datetime) -> Event:
    """Stores an event of type ping for this webhook alone, whatever it takes."""
    return send_to(webhook, PING, {"message": "This is a test of Modelbook."}, at=at)


def _validate_permissions(webhook: Webhook, *, actor: Any) -> None:
    """ValidationError if the operator may not see what the events are about."""
    if not isinstance(webhook.events, list):
        return
    hidden = [name for name in webhook.events or TYPES if name in TYPES and not may_view(actor, *TYPES[name].tables)]
    if hidden:
        raise ValidationError(
            {"events": f"You do not have permission to see what these events contain: {', '.join(hidden)}."}
        )


def _validate_reach(actor: Any) -> None:
    """ValidationError if the operator is responsible for some groups: events are about all."""
    everything = Webhook.objects.all()
    if limit_rows(actor, everything) is not everything:
        raise ValidationError("Only operators who are responsible for all groups can create and change webhooks.")
