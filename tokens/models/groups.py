"""Groups of customers."""

from django.core.validators import MinValueValidator
from django.db import models

from catalog.db.fields import GroupNameField
from catalog.db.history import history
from catalog.db.revision import track
from catalog.models import Channel
from catalog.models.names import NAMED
from tokens.models.budgets import ACCOUNTING, TERMS, Budgeted, BudgetedQuerySet
from tokens.rate_limits import validate_rate


class TokenGroupQuerySet(BudgetedQuerySet["TokenGroup"]):
    def public(self) -> list["TokenGroup"]:
        """The groups that visitors without a key are in, in their order."""
        return sorted(self.filter(is_public=True), key=lambda group: TokenGroup.place(group.slug))

    def default(self) -> "TokenGroup":
        """The group of imports and new tokens for which no group is given; created on first use."""
        return self.get_or_create(
            slug=TokenGroup.DEFAULT, defaults={"label": TokenGroup.DEFAULT_LABEL, "is_public": True, "auto_position": 1}
        )[0]


class TokenGroup(Budgeted):
    """Customers of one kind: the channels they reach, and (in pricing) the rate they pay. "Group" on screen.

    Groups with the same `auto_position` are sorted by name.
    """

    named_by = ("slug",)
    described = {"channels": ("channels",), "budget": TERMS}

    DEFAULT = "default"
    # The label that the default group has at first.
    DEFAULT_LABEL = "Default"

    slug = GroupNameField(
        "name",
        unique=True,
        help_text="The name that price lists, gateways and commands use, e.g. default or 官转. Upper and lower case "
        "are different. No commas. Its prices, rates and tokens follow a new name; gateways see it at once.",
    )
    label = models.CharField(max_length=128, help_text="The name that customers see.")
    description = models.TextField(blank=True)
    channels = models.ManyToManyField(
        Channel,
        blank=True,
        related_name="groups",
        help_text="The group reaches the models that these channels offer.",
    )
    is_public = models.BooleanField(
        "public",
        default=False,
        help_text="The public price list shows this group's models and rate to visitors without a key.",
    )
    auto_position = models.PositiveIntegerField(
        "place in the automatic order",
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Tokens with automatic groups get this group, and auto_groups in the price list is sorted by this "
        "number: 1 is tried first. Leave empty to exclude the group.",
    )
    rate_limit = models.CharField(
        max_length=64,
        blank=True,
        validators=[validate_rate],
        help_text="The rate limit of each token in this group, e.g. 60/minute, unless the token has its own. Leave "
        "empty for no limit.",
    )

    objects = TokenGroupQuerySet.as_manager()
    history = history(excluded_fields=ACCOUNTING, m2m_fields=[channels])

    class Meta(Budgeted.Meta):
        verbose_name = "group"

    def __str__(self) -> str:
        return self.slug

    @classmethod
    def place(cls, slug: str, *, is_first: bool = False) -> tuple[bool, bool, str]:
        """Sorts the groups of a reader: the first group of its token, then the default group, then by slug."""
        return not is_first, slug != cls.DEFAULT, slug


NAMED[TokenGroup] = ("slug",)
track(TokenGroup, TokenGroup.channels.through)
