"""Models, with the rows that belong to one model: offers, aliases, releases to groups, and the Codex profile."""

from collections.abc import Mapping, Sequence
from typing import Any

import django_filters
from django.core.exceptions import ValidationError as ModelError
from django.db import models
from django.db.models import Prefetch, Value
from django.db.models.functions import StrIndex, Substr
from django.db.models.lookups import Exact, GreaterThan
from django.utils import timezone

from catalog.db.history import one_history_row
from catalog.exact import write_json
from catalog.models import AIModel, Channel, CodexProfile, ModelAlias, Offer
from catalog.models.names import LOOK_ALIKE, NAMED, name_errors
from catalog.models.pin import FACTS
from catalog.operators.permissions import limit_rows, may_view
from pricing.admin_api.filters import RelatedFilter, make_filters
from pricing.admin_api.permissions import require
from pricing.admin_api.resources.bases import (
    WARNINGS,
    PartSerializer,
    Warned,
    WarnedSerializer,
    errors_below,
)
from tokens.access.visibility import describe_unreached, unreached
from tokens.auth.alias_effects import alias_effects
from tokens.models import ModelRelease, TokenGroup

# Rows of a list -> the column in which two of them differ.
LISTS: Mapping[str, tuple[type[models.Model], str]] = {
    "offers": (Offer, "channel_id"),
    "aliases": (ModelAlias, "name"),
    "releases": (ModelRelease, "group_id"),
}
PROFILE = "codex_profile"
PARTS: Mapping[str, type[models.Model]] = {name: table for name, (table, _) in LISTS.items()} | {PROFILE: CodexProfile}


class ModelOfferSerializer(PartSerializer):
    class Meta:
        model = Offer
        fields = ("channel", "enabled", "upstream_name")


class ModelAliasSerializer(PartSerializer):
    class Meta:
        model = ModelAlias
        fields = ("name", "listed")


class ReleaseSerializer(PartSerializer):
    class Meta:
        model = ModelRelease
        fields = ("group", "starts_at")


class CodexProfileSerializer(PartSerializer):
    class Meta:
        model = CodexProfile
        fields = (
            "instructions", "reasoning_levels", "default_reasoning_level", "patch_tool", "default_verbosity",
            "parallel_tool_calls",
        )  # fmt: skip


class ModelSerializer(WarnedSerializer):
    offers = ModelOfferSerializer(many=True, required=False, help_text="The channels that serve the model.")
    aliases = ModelAliasSerializer(many=True, required=False, help_text="Other ids of the model.")
    releases = ReleaseSerializer(
        many=True, required=False, help_text="The groups for which the model starts at another time."
    )
    codex_profile = CodexProfileSerializer(
        required=False, allow_null=True, help_text="What Codex needs to know of the model; null: nothing."
    )

    class Meta:
        model = AIModel
        fields = ("name", *FACTS, "created_at", "updated_at", *PARTS, WARNINGS)
        read_only_fields = ("created_at", "updated_at")
        volatile_fields = (WARNINGS,)
        # No pattern reads them, and they decide neither prices nor the lists of some clients.
        harmless_fields = (
            "display_name", "description", "icon", "max_input_tokens", "reasoning_levels", "version",
            "default_parameters", "knowledge_cutoff", "open_weights", "released_on", "deprecated_on",
        )  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Alias -> id of its model.
        self.new_aliases: dict[str, str] = {}

    def get_fields(self) -> dict[str, Any]:
        """With only those parts that are shown."""
        fields, shown = super().get_fields(), self.context.get("shown", PARTS)
        return {name: field for name, field in fields.items() if name not in PARTS or name in shown}

    def to_representation(self, instance: AIModel) -> dict[str, Any]:
        values = super().to_representation(instance)
        for name in LISTS.keys() & values.keys():
            values[name].sort(key=lambda part: str(next(iter(part.values()))))
        return values

    def store(self) -> AIModel:
        """Saves the model and then the rows that belong to it. A list replaces the stored rows; others stay."""
        self.is_valid(raise_exception=True)
        parts = {name: self.validated_data.pop(name) for name in PARTS if name in self.validated_data}
        with one_history_row():
            model: AIModel = super().store()
            errors: dict[str, list[ModelError]] = {}
            for name, values in parts.items():
                if name == PROFILE:
                    self._store_profile(model, values, errors)
                else:
                    self._store_list(model, name, values, errors)
            if errors:
                raise ModelError(errors)
        return model

    def _store_list(
        self, model: AIModel, name: str, values: Sequence[Mapping[str, Any]], errors: dict[str, list[ModelError]]
    ) -> None:
        table, column = LISTS[name]
        stored = {getattr(row, column): row for row in self._limited(table, model)}
        rows, first = [], dict[Any, int]()
        for place, fields in enumerate(values):
            row = table(model=model, **fields)
            if (earlier := first.setdefault(getattr(row, column), place)) != place:
                field = column.removesuffix("_id")
                fault = ModelError(f"Entry {earlier} of the list has the same {field}.", code="duplicate")
                errors[f"{name}.{place}.{field}"] = [fault]
                continue
            if (known := stored.pop(getattr(row, column), None)) is not None:
                for field, value in fields.items():
                    setattr(known, field, value)
                row = known
            rows.append((f"{name}.{place}", row))
        for row in stored.values():
            require(self._operator, "delete", table)
            row.delete()
        for path, row in rows:
            self._save(row, path, errors)

    def _store_profile(
        self, model: AIModel, values: Mapping[str, Any] | None, errors: dict[str, list[ModelError]]
    ) -> None:
        stored = CodexProfile.objects.filter(model=model).first()
        if values is None:
            if stored is not None:
                require(self._operator, "delete", CodexProfile)
                stored.delete()
            return
        row = stored or CodexProfile(model=model)
        for name, value in values.items():
            setattr(row, name, value)
        self._save(row, PROFILE, errors)

    def _save(self, row: Any, path: str, errors: dict[str, list[ModelError]]) -> None:
        """Saves a row if it is new or different, and valid; `path` leads to it in the body."""
        before = None if row.pk is None else type(row).objects.get(pk=row.pk)
        columns = [field.attname for field in row._meta.concrete_fields]
        if before is not None and all(getattr(before, name) == getattr(row, name) for name in columns):
            return
        require(self._operator, "add" if before is None else "change", type(row))
        faults = dict[str, list[ModelError]]()
        try:
            row.full_clean(exclude=["model"])
        except ModelError as error:
            faults = errors_below(path, error)
        for column, fault in name_errors(row, self.names).items() if type(row) in NAMED else ():
            field = f"{path}.{column}"
            if fault.code == LOOK_ALIKE:
                self.doubts.append({"field": field, "code": LOOK_ALIKE, "message": str(fault.message)})
            else:
                faults.setdefault(field, [fault])
        errors |= faults
        if not faults:
            row.save()
            if before is None and isinstance(row, ModelAlias):
                self.new_aliases[row.name] = row.model.name
                if self.names is not None:
                    self.names.add(str(row._meta.verbose_name), row.name, row.model_id)

    def _limited(self, table: type[models.Model], model: AIModel) -> Any:
        return limit_rows(self._operator, table._default_manager.filter(model=model))

    @property
    def _operator(self) -> Any:
        return self.context["request"].user


def quoted(name: str) -> str:
    """A name as it is stored in a list of names, so that no part of another name is found."""
    return write_json(name).decode()


class NameFilter(django_filters.CharFilter):  # type: ignore[misc]  # the library has no types
    """The rows whose list of names has this one."""

    def filter(self, qs: Any, value: str) -> Any:
        # Upper and lower case differ; for SQLite, `contains` is the same as `icontains`.
        return qs.filter(GreaterThan(StrIndex(self.field_name, Value(quoted(value))), 0)) if value else qs


class PrefixFilter(django_filters.CharFilter):  # type: ignore[misc]  # the library has no types
    """The rows whose text starts with this, in upper and lower case as it is; SQLite ignores case in `startswith`."""

    def filter(self, qs: Any, value: str) -> Any:
        return qs.filter(Exact(Substr(self.field_name, 1, len(value)), value)) if value else qs


class ModelFilters(
    make_filters(  # type: ignore[misc]
        AIModel,
        (
            ("name", ("exact", "in", "icontains")),
            ("vendor", ("exact", "in")),
            ("status", ("exact",)),
            ("in_price_list", ("exact",)),
            ("listed", ("exact",)),
            ("series", ("exact", "in")),
            ("successor", ("exact", "isnull")),
            ("starts_at", ("gt", "lte", "isnull")),
            ("released_on", ("gte", "lte", "isnull")),
            ("deprecated_on", ("gte", "lte", "isnull")),
            ("retires_on", ("gte", "lte", "isnull")),
        ),
    )
):
    """Filters by columns, by the names in lists of names, and by what offers the model."""

    name__startswith = PrefixFilter(field_name="name")
    tag = NameFilter(field_name="tags")
    capability = NameFilter(field_name="capabilities")
    endpoint_type = NameFilter(field_name="supported_endpoint_types")
    channel = RelatedFilter(Channel, field_name="offers__channel", lookup_expr="in")
    group = RelatedFilter(TokenGroup, field_name="offers__channel__groups", lookup_expr="in")
    alias = RelatedFilter(ModelAlias, field_name="aliases", lookup_expr="in")


class Models(Warned):
    """The models that clients can request, with their facts; a draft is only visible here."""

    address = "models"
    queryset = AIModel.objects.all()
    serializer_class = ModelSerializer
    lookup_field = "name"
    lookup_value_converter = "path"
    filterset_class = ModelFilters
    parts = tuple(PARTS.values())
    ordering = ("name", "created_at", "updated_at", "released_on", "retires_on")
    examples = {
        "create": {
            "name": "gpt-4o-mini",
            "vendor": "openai",
            "status": "published",
            "display_name": "GPT-4o mini",
            "context_length": 128_000,
            "max_output_tokens": 16_384,
            "input_modalities": ["text", "image"],
            "output_modalities": ["text"],
            "capabilities": ["tools"],
            "supported_endpoint_types": ["openai"],
            "offers": [{"channel": "main", "upstream_name": "gpt-4o-mini-2024-07-18"}],
            "aliases": [{"name": "small", "listed": False}],
        }
    }
    # Even a new draft may take models from keys: it has an id that a wildcard model had answered before.

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # Those of this request, with the ids of their models.
        self.new_aliases: dict[str, str] = {}

    def save(self, serializer: Any) -> Any:
        model = super().save(serializer)
        self.new_aliases |= serializer.new_aliases
        return model

    def get_serializer_context(self) -> dict[str, Any]:
        """With the parts that the operator may view; a list reads only those that it has to show."""
        context: dict[str, Any] = {**super().get_serializer_context()}
        if getattr(self, "swagger_fake_view", False):
            # The document has all fields.
            return context
        text = self.request.query_params.get("fields") if self.action == "list" else None
        names = PARTS if text is None else text.split(",")
        shown = {name for name, table in PARTS.items() if name in names and may_view(self.request.user, table)}
        return {**context, "shown": shown}

    def _with_relations(self, rows: Any, only: Sequence[Any] | None = None) -> Any:
        rows, operator = super()._with_relations(rows, only), self.request.user
        shown = self.get_serializer().fields
        for name, column in (("offers", "channel"), ("releases", "group")):
            if name in shown:
                parts = limit_rows(operator, PARTS[name]._default_manager.select_related(column))
                rows = rows.prefetch_related(Prefetch(name, parts))
        if "aliases" in shown:
            rows = rows.prefetch_related("aliases")
        return rows.select_related(PROFILE) if PROFILE in shown else rows

    def find_warnings(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Sequence[str]]:
        """What lists leave out of a model, that nobody can see it, and what its aliases change for keys."""
        now, warnings = timezone.now(), dict[str, list[str]]()
        stored = AIModel.objects.filter(name__in=[row["name"] for row in rows])
        hidden = set(unreached(stored, on=now.date()).values_list("pk", flat=True))
        for model in stored:
            warnings[model.name] = [f"{problem[0].upper()}{problem[1:]}." for problem in model.unreadable_facts()]
            if model.pk in hidden:
                warnings[model.name].append(describe_unreached([model.name]))
        reader = self.request.user
        for effect in alias_effects(self.new_aliases, at=now, reader=reader) if self.new_aliases else ():
            warnings[effect.model] += effect.warnings
        return warnings
