"""The row with the revisions of the catalog and of permissions; see catalog/db/revision.py."""

from django.db import models


class Revision(models.Model):
    # The catalog: models, offers, channels, groups, prices.
    number = models.PositiveBigIntegerField(default=0)
    # Permissions: tokens. Separate, because issuing a key does not change what other keys see.
    permissions = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="catalog_revision_one_row")]

    def __str__(self) -> str:
        return f"revision {self.number}"
