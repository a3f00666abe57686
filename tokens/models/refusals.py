"""The last refusal of each token, for the operator whose customer asks why a request failed."""

import datetime as dt
from typing import Any

from django.db import models

from tokens.models.tokens import Token


class LastRefusalQuerySet(models.QuerySet["LastRefusal"]):
    def store(self, token: int, *, at: dt.datetime, **columns: Any) -> None:
        """Stores the refusal of a token, unless another process has stored a later one or the token is deleted."""
        if self.filter(token=token, at__lt=at).update(at=at, **columns):
            return
        if Token.objects.filter(pk=token).exists():
            self.bulk_create([LastRefusal(token_id=token, at=at, **columns)], ignore_conflicts=True)


class LastRefusal(models.Model):
    """What the most recent refused request with a key of the token asked for, and how it was answered.

    Nobody's rights depend on it: it raises no counter and has no history.
    """

    token = models.OneToOneField(Token, on_delete=models.CASCADE, related_name="last_refusal")
    at = models.DateTimeField()
    key_id = models.CharField("key id", max_length=64, help_text="That of the key in the request, current or replaced.")
    address = models.CharField(max_length=64, help_text="The address of the caller; empty if it is not known.")
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=32)
    model = models.CharField(max_length=128, help_text="The model as the request names it; empty if it names none.")
    path = models.CharField(max_length=256, help_text="The address of the call without its query.")
    request_id = models.CharField(max_length=64)

    objects = LastRefusalQuerySet.as_manager()

    class Meta:
        verbose_name = "last refusal"

    def __str__(self) -> str:
        model = f" {self.model}" if self.model else ""
        origin = f" from {self.address}" if self.address else ""
        return f"{self.status} {self.code}: {self.path}{model}{origin}, {self.at:%Y-%m-%d %H:%M:%S} UTC"
