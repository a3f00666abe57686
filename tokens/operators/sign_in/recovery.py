"""What helps an operator who has lost a second factor."""

from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from catalog.db.audit import record
from tokens.operators.sign_in.sessions import end_sessions, find_sessions


@dataclass(frozen=True)
class Removed:
    """The kinds of the removed factors, and how many sessions were ended."""

    factors: list[str]
    sessions: int


@transaction.atomic
def remove_second_factors(operator: Any, *, dry_run: bool = False) -> Removed:
    """Removes all factors of an operator, and ends the sessions: they may be another person's."""
    rows = Authenticator.objects.filter(user_id=operator.pk)
    factors = [str(Authenticator.Type(kind).label) for kind in rows.order_by("pk").values_list("type", flat=True)]
    if dry_run:
        return Removed(factors, len(find_sessions(operator)))
    rows.delete()
    removed = Removed(factors, end_sessions(operator))
    record("second factor reset", about=operator, detail=", ".join(factors))
    return removed
