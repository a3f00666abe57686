"""The tokens that may report usage, and the name under which their counts are stored."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from catalog.db import revision
from catalog.db.bulk import create_rows, delete_rows
from pricing.models import UsageReporter
from tokens.models import RetiredKey, Token


def is_reporter(token: int) -> bool:
    return UsageReporter.objects.filter(token=token).exists()


def name_of(token: int) -> str:
    """The first key id of the token: the same after a rotation, so that a repeated report replaces the earlier one."""
    retired = RetiredKey.objects.filter(token=token).order_by("retired_at", "pk").first()
    return Token.objects.only("key_id").get(pk=token).key_id if retired is None else retired.key_id


def set_reporter(token: int, *, may_report: bool, reason: str, actor: AbstractBaseUser | None = None) -> bool:
    """Allows the token to report usage, or withdraws that, with history; returns whether it changed."""
    with transaction.atomic():
        revision.hold()
        stored = list(UsageReporter.objects.filter(token=token))
        if bool(stored) == may_report:
            return False
        if may_report:
            create_rows([UsageReporter(token_id=token)], reason=reason, actor=actor)
        else:
            delete_rows(stored, reason=reason, actor=actor)
        return True
