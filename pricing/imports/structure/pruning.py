"""What a file no longer contains: the rows, fields, prices and terms that an import removes if it is asked to.

A file owns the sections that it has. In these, a field that an export leaves out when it is empty is empty, and a row
that the file does not list is removed. If it must stay, it becomes a draft or is disabled, or a finding says why.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import models

from catalog.error_messages import count
from catalog.imports.context import PlanContext
from catalog.imports.facts import ENDPOINT_TYPES, FACTS, LIFECYCLE_DATES
from catalog.models import AIModel, Vendor
from catalog.sources.records import Document, Record, Structure
from pricing.imports.structure.plan import BY_NAME, Key, Table, as_key
from pricing.imports.structure.planning import key_of_row, relation_names
from pricing.models import DiscountRule, GroupRate, PriceSheet, UsageCount, UsageEvent
from tokens.models import OperatorGroups, RetiredKey, Token, TokenGroup

# How models are removed, and tables whose rows belong to models.
DELETE, DRAFT = "delete", "draft"
MODES = (DELETE, DRAFT)
OF_MODELS = ("aliases", "codex_profiles", "releases", "popular")
# Fields of models beside the facts of records that an export leaves out when they are empty.
OPTIONAL = ("successor", "starts_at", "forwards_to_successor")
# The others are planned together with the dates that the file states.
BESIDE_DATES = tuple(name for name in FACTS if name not in LIFECYCLE_DATES)


def add_absent(document: Document, structure: Structure, context: PlanContext, *, mode: str) -> Structure:
    """The structure with what the document, which has the sections of the structure, no longer contains."""
    return _Pruning(document, structure, context, mode).structure


class _Pruning:
    def __init__(self, document: Document, structure: Structure, context: PlanContext, mode: str) -> None:
        self.given, self.context, self.mode = structure, context, mode
        self.records = {record.name: record for record in document.records}
        self.stored = dict(AIModel.objects.order_by("name").values_list("name", "status"))
        self.removed: dict[str, dict[Key, str]] = {}
        self.unlisted = self._unlisted_models()
        removed_models = dict.fromkeys(self.unlisted if mode == DELETE else ())
        for name in self._used(removed_models):
            del removed_models[name]
            self.context.findings.add("becomes a draft and is not removed, because its usage was reported", name)
        self.removed_models = removed_models
        if removed_models:
            self.removed["models"] = {(name,): name for name in removed_models}
        for name in OF_MODELS:
            self._remove(BY_NAME[name], self._absent(BY_NAME[name]))
        self._remove(BY_NAME["offers"], self._absent_offers())
        self._remove(BY_NAME["channels"], self._absent(BY_NAME["channels"]))
        self._remove(BY_NAME["groups"], self._removable_groups())
        self._remove(BY_NAME["endpoint_types"], self._removable_types())
        self._remove(BY_NAME["vendors"], self._removable_vendors())
        self._remove(BY_NAME["roles"], self._removable_roles())
        self.structure = replace(
            structure,
            models={**self._completed_models(), **self._drafts()},
            rates={**self._ended_rates(), **structure.rates},
            tokens={**self._completed_tokens(), **self._disabled_tokens()},
            prices=self._prices(),
            removed=self.removed,
            left=self._left(),
        )

    def _owns(self, section: str) -> bool:
        return section in self.given.sections

    def _remove(self, table: Table, rows: Mapping[Key, str]) -> None:
        if rows:
            self.removed[table.name] = dict(sorted(rows.items()))

    def _stays(self, noun: str, name: str, why: str) -> None:
        self.context.findings.add(f"{noun} {name} stays, although the file does not contain it: {why}")

    def _unlisted_models(self) -> list[str]:
        if not self._owns("models"):
            return []
        return [name for name in self.stored if name not in self.given.models]

    def _used(self, names: Collection[str]) -> list[str]:
        """Those of the models whose usage was reported."""
        if not names:
            return []
        tables: tuple[type[models.Model], ...] = (UsageCount, UsageEvent)
        used = {
            name for table in tables for name in table._default_manager.values_list("model__name", flat=True).distinct()
        }
        return [name for name in names if name in used]

    def _drafts(self) -> dict[str, dict[str, Any]]:
        draft, published = AIModel.Status.DRAFT.value, AIModel.Status.PUBLISHED
        kept = (name for name in self.unlisted if name not in self.removed_models)
        return {name: {"status": draft} for name in kept if self.stored[name] == published}

    def _absent(self, table: Table) -> dict[Key, str]:
        """The stored rows that the section does not list, without those of models that become drafts."""
        if not self._owns(table.name):
            return {}
        listed = {as_key(key) for key in getattr(self.given, table.name)}
        names = relation_names(table)
        absent = {}
        for row in table.rows(at=self.context.at).order_by("pk"):
            key = key_of_row(row, table, names)
            model = names["model"][row.model_id] if table.is_of_models else ""
            if key not in listed and not self._is_kept(model):
                absent[key] = model
        return absent

    def _is_kept(self, model: str) -> bool:
        """Whether it is a model that the file does not list, and that stays as a draft."""
        return (
            self._owns("models")
            and model in self.stored
            and model not in self.given.models
            and (model not in self.removed_models)
        )

    def _absent_offers(self) -> dict[Key, str]:
        listed, table = set(self.given.offers), BY_NAME["offers"]
        rows = table.model.objects.filter(channel__slug__in=self.given.offering).order_by("pk")
        pairs = rows.values_list("channel__slug", "model__name")
        return {
            (channel, name): name
            for channel, name in pairs
            if (channel, name) not in listed and not self._is_kept(name)
        }

    def _removable_groups(self) -> dict[Key, str]:
        absent = self._absent(BY_NAME["groups"])
        limits: Any = OperatorGroups.groups
        limited = set(limits.through.objects.values_list("tokengroup__slug", flat=True)) if absent else set()
        for key in list(absent):
            if key[0] == TokenGroup.DEFAULT:
                why = "new tokens and imports need it"
            elif key[0] in limited:
                why = "operators are limited to it"
            else:
                continue
            self._stays("group", key[0], why)
            del absent[key]
        return absent

    def _removable_types(self) -> dict[Key, str]:
        """Without the types that models name afterwards."""
        absent = self._absent(BY_NAME["endpoint_types"])
        if not absent:
            return {}
        used = {name for record in self.records.values() for name in record.endpoint_types}
        columns = AIModel.objects.values_list("name", *ENDPOINT_TYPES)
        for model, *lists in columns:
            if model not in self.records and model not in self.removed_models:
                used.update(name for names in lists for name in names or ())
        for key in [key for key in absent if key[0] in used]:
            self._stays("endpoint type", key[0], "models have it")
            del absent[key]
        return absent

    def _removable_vendors(self) -> dict[Key, str]:
        absent = self._absent(BY_NAME["vendors"])
        if not absent:
            return {}
        slugs = {row.name: row.slug for row in Vendor.objects.all()}
        left = (
            self.stored.keys()
            - self.removed_models.keys()
            - {name for name, record in self.records.items() if record.vendor}
        )
        used = dict(AIModel.objects.filter(name__in=left).values_list("vendor__slug").annotate(n=models.Count("pk")))
        for record in self.records.values():
            if record.vendor in slugs:
                used[slugs[record.vendor]] = used.get(slugs[record.vendor], 0) + 1
        rules = set(DiscountRule.objects.exclude(vendor=None).values_list("vendor__slug", flat=True))
        for key in list(absent):
            if key[0] == Vendor.OTHER:
                self._stays("vendor", key[0], "models of unknown vendors need it")
            elif number := used.get(key[0]):
                self._stays("vendor", key[0], f"{count(number, 'model is', 'models are')} of it")
            elif key[0] in rules:
                self._stays("vendor", key[0], "a discount rule is for it")
            else:
                continue
            del absent[key]
        return absent

    def _removable_roles(self) -> dict[Key, str]:
        absent = self._absent(BY_NAME["roles"])
        held = set(User.groups.through.objects.values_list("group__name", flat=True)) if absent else set()
        for key in [key for key in absent if key[0] in held]:
            self._stays("role", key[0], "operators have it")
            del absent[key]
        return absent

    def _completed_models(self) -> dict[str, dict[str, Any]]:
        """The fields of stored models beside those of their records; an absent optional field is empty."""
        columns = {column.name: column for column in AIModel._meta.concrete_fields}
        defaults = {name: columns[name].get_default() for name in (*FACTS, *OPTIONAL)}
        completed = {}
        for name, fields in self.given.models.items():
            record = self.records.get(name) or Record(name)
            absent = (
                {field: defaults[field] for field in BESIDE_DATES if getattr(record, field) is None}
                | {field: defaults[field] for field in OPTIONAL if field not in fields}
                if name in self.stored
                else {}
            )
            completed[name] = {**absent, **fields}
        return completed

    def _prices(self) -> Mapping[str, Mapping[str, Any]]:
        """The prices of the file, and None for the roles in which its models have a price that it does not list."""
        prices: dict[str, dict[str, Any]] = {role: dict(sheets) for role, sheets in self.given.prices.items()}
        current = PriceSheet.objects.in_force(at=self.context.at).order_by("pk").values_list("role", "model__name")
        for role, name in current if self._owns("models") else ():
            if name in self.given.models and name not in prices.get(role, {}):
                prices.setdefault(role, {})[name] = None
        return prices

    def _ended_rates(self) -> dict[str, dict[str, Any]]:
        """A rate of 1 for groups of the file without a rate: rates that took effect are followed, not removed."""
        if not self._owns("groups"):
            return {}
        rates = dict(GroupRate.objects.in_force(at=self.context.at).values_list("group__slug", "ratio"))
        one = Decimal(1)
        return {slug: {"ratio": one} for slug in self.given.groups if rates.get(slug, one) != one}

    def _left(self) -> tuple[tuple[str, str], ...]:
        """The channels that groups reach and that their entries do not list."""
        pairs = TokenGroup.channels.through.objects.filter(tokengroup__slug__in=self.given.reach).order_by("pk")
        found = pairs.values_list("tokengroup__slug", "channel__slug")
        gone = {key[0] for key in self.removed.get("channels", ())}
        return tuple(
            (group, channel)
            for group, channel in found
            if channel not in {*self.given.reach[group]} and channel not in gone
        )

    def _completed_tokens(self) -> dict[str, dict[str, Any]]:
        """The terms of the tokens of the file; without metadata, a token has none."""
        stored = {key_id for table in (Token, RetiredKey) for key_id in table.objects.values_list("key_id", flat=True)}
        return {
            key_id: {**({"metadata": {}} if key_id in stored else {}), **fields}
            for key_id, fields in self.given.tokens.items()
        }

    def _disabled_tokens(self) -> dict[str, dict[str, Any]]:
        """Tokens that the file does not list are disabled: what they were called with and have spent stays."""
        if not self._owns("tokens"):
            return {}
        listed = Token.objects.filter(
            models.Q(key_id__in=self.given.tokens) | models.Q(retired_keys__key_id__in=self.given.tokens)
        )
        others = Token.objects.filter(enabled=True).exclude(pk__in=listed.values("pk")).order_by("pk")
        return {key_id: {"enabled": False} for key_id in others.values_list("key_id", flat=True)}
