"""What limits operators: the groups that they are responsible for, and which of their roles are built in."""

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models

from tokens.models.groups import TokenGroup


class OperatorGroups(models.Model):
    """The groups that one operator is responsible for. Operators without such a row see all groups."""

    operator = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="responsibility", editable=False
    )
    groups = models.ManyToManyField(
        TokenGroup,
        blank=True,
        related_name="+",
        help_text="The operator sees and changes only these groups, and the tokens that are in no other group. "
        "Leave empty to show no groups and no tokens.",
    )

    class Meta:
        verbose_name = "limit to groups"
        verbose_name_plural = "limit to groups"

    def __str__(self) -> str:
        return f"groups of {self.operator}"


class BuiltInRole(models.Model):
    """Marks a role that this software defines: migrations update its permissions, and nobody edits it."""

    slug = models.SlugField(unique=True, max_length=32)
    role = models.OneToOneField(Group, on_delete=models.CASCADE, related_name="built_in")

    class Meta:
        verbose_name = "built-in role"

    def __str__(self) -> str:
        return self.slug
