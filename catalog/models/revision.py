"""The one row that numbers the state of the catalog and of permissions; see catalog/db/revision.py."""

from django.db import models


class Revision(models.Model):
    # What is to be seen: models, offers, channels, groups, prices.
    number = models.PositiveBigIntegerField(default=0)
    # Who may see it: tokens. Apart, because keys are issued all day and change nothing of what others see.
    permissions = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="catalog_revision_one_row")]

    def __str__(self) -> str:
        return f"revision {self.number}"
