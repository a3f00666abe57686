"""Keys that rotations have replaced."""

import datetime as dt

from django.db import models

from catalog.db.revision import TrackedModel, TrackedQuerySet, track
from tokens.models.tokens import Token


class RetiredKeyQuerySet(TrackedQuerySet["RetiredKey"]):
    def end(self, *, at: dt.datetime) -> int:
        """Ends those that are still in their grace period, from the next request on; returns how many."""
        return self.filter(valid_until__gt=at).update(valid_until=at)


class RetiredKey(TrackedModel):
    """A key that a rotation has replaced: valid until its grace period ends; later uses may mean that it has leaked."""

    revision_counter = "permissions"

    token = models.ForeignKey(Token, on_delete=models.CASCADE, related_name="retired_keys")
    key_id = models.CharField("key id", max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    pepper = models.PositiveIntegerField(
        null=True, editable=False, help_text="Empty for keys that were retired before peppers were recorded."
    )
    masked = models.CharField("key", max_length=64)
    valid_until = models.DateTimeField(help_text="The key is refused from this time.")
    retired_at = models.DateTimeField(auto_now_add=True)
    refused_uses = models.PositiveIntegerField("uses after that", default=0)
    refused_at = models.DateTimeField("last use after that", null=True, blank=True)

    objects = RetiredKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "retired key"

    def __str__(self) -> str:
        return self.masked


track(RetiredKey)
