"""What the health checks read: the catalog at one moment."""

import datetime as dt
from collections.abc import Mapping
from functools import cached_property

from django.db.models import Q

from catalog.models import AIModel
from catalog.prices import Line, Sheet
from pricing.models import PriceSheet
from pricing.published.prices import Factors, publish, sheets_in_force, written_lines
from tokens.access.starts import read_starts
from tokens.models import Token
from tokens.models.tokens import TokenQuerySet


class CatalogSnapshot:
    """The catalog at one moment, read once for all rules."""

    def __init__(self, *, at: dt.datetime) -> None:
        self.at = at
        self.on = at.astimezone(dt.UTC).date()

    @cached_property
    def listed(self) -> list[AIModel]:
        """The models that at least one group can reach today."""
        rows = AIModel.objects.published().offered().not_retired(on=self.on)
        return list(rows.select_related("vendor", "successor").order_by("name"))

    @cached_property
    def scheduled(self) -> Mapping[int, dt.datetime]:
        """Model key -> the first start for any group, of the models that have not started for any."""
        firsts = {}
        for key, starts in read_starts().by_model.items():
            moments = [starts.own, *starts.by_group.values()]
            known = [moment for moment in moments if moment is not None and moment > self.at]
            if len(known) == len(moments):
                firsts[key] = min(known)
        return firsts

    @cached_property
    def in_force(self) -> Mapping[int, Mapping[str, Sheet]]:
        """Model key -> role -> the current sheet, of all models."""
        return sheets_in_force(AIModel.objects.values_list("pk", flat=True), roles=PriceSheet.Role.values, at=self.at)

    @cached_property
    def sheets(self) -> Mapping[int, Sheet]:
        """Model key -> the published price of a listed model."""
        listed = {model.pk: model for model in self.listed}
        of_listed = {key: sheets for key, sheets in self.in_force.items() if key in listed}
        return publish(listed, of_listed, groups=None, factors=Factors.read(at=self.at))

    @cached_property
    def priced(self) -> list[tuple[AIModel, Sheet]]:
        return [(model, self.sheets[model.pk]) for model in self.listed if model.pk in self.sheets]

    @cached_property
    def stored_sheets(self) -> list[tuple[PriceSheet, list[Line]]]:
        """The current and scheduled sheets of every model and role, with all lines as they are stored."""
        current = PriceSheet.objects.in_force(at=self.at) | PriceSheet.objects.filter(starts_at__gt=self.at)
        sheets = {
            sheet.pk: sheet for sheet in current.select_related("model").order_by("model__name", "starts_at", "pk")
        }
        lines = written_lines(list(sheets))
        return [(sheet, lines.get(key, [])) for key, sheet in sheets.items()]

    @property
    def valid_tokens(self) -> TokenQuerySet:
        """The tokens that are enabled and have not expired."""
        valid: TokenQuerySet = Token.objects.filter(Q(expires_at=None) | Q(expires_at__gt=self.at), enabled=True)
        return valid
