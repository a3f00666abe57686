"""What a model costs in each public group that reaches it: a row per group, on the page of the model."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import AIModel
from pricing.engine.formatting import amounts, labels
from pricing.pages.formatting import group_label
from pricing.pages.price_tags import PriceTag, price_tag
from pricing.pages.visitor import Visitor
from pricing.published.audience import apply_group_rate
from pricing.published.boundaries import PUBLIC_ROLES
from pricing.published.group_rates import group_rates, groups_of_models
from pricing.published.prices import Factors, publish, sheets_in_force


@dataclass(frozen=True)
class GroupRow:
    """The price for one group; `words` is all of it where there are no prices per token."""

    label: str
    link: str
    is_chosen: bool
    tag: PriceTag
    words: str


@dataclass(frozen=True)
class GroupTable:
    caption: str
    rows: tuple[GroupRow, ...]
    # Whether any price is per token, and whether there is a column for cached input.
    has_tokens: bool
    has_cached: bool

    @property
    def width(self) -> int:
        """The number of columns with prices."""
        return (2 if self.has_tokens else 1) + self.has_cached


def group_table(model: AIModel, visitor: Visitor) -> GroupTable | None:
    """The prices of the public groups that reach the model; None if there is only one public group."""
    public = visitor.public.groups
    if len(public) < 2:
        return None
    reaching = groups_of_models(public, [model], at=visitor.at)[model.pk]
    sheets = sheets_in_force([model.pk], roles=PUBLIC_ROLES, at=visitor.at)
    factors, rates = Factors.read(at=visitor.at), group_rates(public, at=visitor.at)
    path = reverse("model-page", args=[model.name])
    rows = []
    for group in public:
        if group.slug not in reaching:
            continue
        published = publish({model.pk: model}, sheets, groups={group.slug}, factors=factors).get(model.pk)
        sheet = published and apply_group_rate(published, group.slug, rates[group.slug]).folded()
        tag = price_tag(sheet)
        rows.append(
            GroupRow(
                group_label(group.label),
                visitor.link(path, group=group.slug),
                group.slug == visitor.group,
                tag,
                labels.state(tag.state) or tag.single,
            )
        )
    has_tokens, has_cached = any(not row.words for row in rows), any(row.tag.cached for row in rows)
    caption = labels.join_clauses([_("Prices by group"), amounts.per_tokens() if has_tokens else ""])
    return GroupTable(caption, tuple(rows), has_tokens, has_cached)
