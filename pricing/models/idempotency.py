"""Responses of the management API that a repeat of the same request gets again, for one day."""

from django.db import models

from catalog.db.fields import PackedJSONField


class StoredResponse(models.Model):
    """The first response to a POST with an Idempotency-Key, without secrets."""

    # A digest of the admin key, the address with its query, and the Idempotency-Key.
    identity = models.CharField(max_length=64, unique=True)
    # A digest of the body of the request.
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    headers = PackedJSONField()
    body = PackedJSONField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "stored response"

    def __str__(self) -> str:
        return f"{self.status} {self.created_at:%Y-%m-%d %H:%M}"
