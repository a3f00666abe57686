"""The peppers that keys are stored under, by fingerprint: a secret that was mistyped or lost is noticed.

Otherwise every key would be answered with 401 until somebody finds out why.
"""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from tokens import keys

# The fingerprint of a pepper that was lost before this one could be stored.
NOT_KNOWN = ""


class WrongPepperError(ValueError):
    """A key cannot be stored under the newest pepper, because its secret is not the one of other keys."""


class PepperManager(models.Manager["Pepper"]):
    def refuse_wrong(self, number: int) -> None:
        """WrongPepperError if keys are stored under another secret of this number."""
        if self.filter(number=number).exclude(fingerprint__in=(NOT_KNOWN, _fingerprint(number))).exists() and is_in_use(
            number
        ):
            raise WrongPepperError(_wrong(number))

    def remember(self, number: int) -> None:
        """Stores the fingerprint of a configured pepper, when a key is stored under it; WrongPepperError."""
        if not self.filter(number=number, fingerprint=_fingerprint(number)).exists():
            self.refuse_wrong(number)
            self.update_or_create(number=number, defaults={"fingerprint": _fingerprint(number)})

    def remember_all(self) -> None:
        """Stores the peppers that have no row yet: the configured ones, and the number of those that keys need."""
        from tokens.models import AdminKey, RetiredKey, Token

        known = set(self.values_list("number", flat=True))
        for number in settings.TOKEN_PEPPERS.keys() - known:
            self.remember(number)
        known.update(settings.TOKEN_PEPPERS)
        tables: tuple[Any, ...] = (Token, RetiredKey, AdminKey)
        for rows in (table.objects.order_by() for table in tables):
            lost = rows.exclude(pepper__in=known).values_list("pepper", flat=True).distinct()
            self.bulk_create([Pepper(number=number) for number in lost], ignore_conflicts=True)

    def problems(self) -> dict[int, str]:
        """Number of a pepper that keys are stored under -> what is wrong with it in TOKEN_PEPPERS, in a sentence."""
        found = {}
        for pepper in self.order_by("number"):
            if pepper.number not in settings.TOKEN_PEPPERS:
                found[pepper.number] = _missing(pepper.number)
            elif pepper.fingerprint not in (NOT_KNOWN, _fingerprint(pepper.number)):
                found[pepper.number] = _wrong(pepper.number)
        return {number: problem for number, problem in found.items() if is_in_use(number)}


class Pepper(models.Model):
    """A pepper under which keys are or were stored. Its secret is only in the settings."""

    number = models.PositiveIntegerField(primary_key=True)
    fingerprint = models.CharField(max_length=64)

    objects = PepperManager()

    def __str__(self) -> str:
        return f"pepper {self.number}"


def is_in_use(number: int) -> bool:
    """Whether a key that can be valid is stored under the pepper."""
    from tokens.models import AdminKey, RetiredKey, Token

    of_pepper, now = Q(pepper=number), timezone.now()
    return (
        Token.objects.filter(of_pepper).exists()
        or RetiredKey.objects.filter(of_pepper, valid_until__gt=now).exists()
        or AdminKey.objects.filter(of_pepper, revoked_at=None).exists()
    )


def _fingerprint(number: int) -> str:
    return keys.fingerprint(settings.TOKEN_PEPPERS[number])


def _missing(number: int) -> str:
    return (
        f"TOKEN_PEPPERS has no pepper {number}, and keys are stored under it: they are refused. Restore it; it can go "
        "when no token, admin key or replaced key in its grace period uses it."
    )


def _wrong(number: int) -> str:
    return (
        f"The secret of pepper {number} in TOKEN_PEPPERS is not the one that keys are stored under: they are refused. "
        "Restore the secret, or add the new one under a higher number."
    )
