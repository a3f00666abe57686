"""Rows in JSON: what the model knows of its fields, and the same validation as in the admin's forms."""

import hashlib
from collections.abc import Mapping, Set
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError as ModelError
from django.db import models
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import SkipField

from catalog.db.history import one_history_row
from catalog.exact import write_json
from catalog.models.names import LOOK_ALIKE, NAMED, Names, name_errors
from pricing.admin_api.errors import WHOLE_ROW
from pricing.admin_api.fields import FIELDS, NATURAL_KEYS, Choice, Related
from tokens.operators.problems import FieldError

ETAG = "etag"
# A message shows so many characters of an unknown field.
LONGEST_NAME = 80


def version_of(etag: str) -> str:
    """The part of an ETag that a change with If-Match compares. Proxies that compress responses mark tags as weak."""
    return etag.removeprefix("W/").strip('"').partition("-")[0]


def _digest(values: Mapping[str, Any], *, without: Set[str]) -> str:
    document = write_json({name: value for name, value in values.items() if name not in without}, sort_keys=True)
    return hashlib.sha256(document).hexdigest()[:32]


def etag_of(values: Mapping[str, Any]) -> str:
    """The ETag of something with these values."""
    return f'"{_digest(values, without={ETAG})}"'


class Etag(serializers.CharField):
    """The version of the row, as in the header ETag."""

    def __init__(self) -> None:
        super().__init__(source="*", read_only=True, help_text="The version of the row, for If-Match.")

    def to_representation(self, value: Any) -> str:
        return ""


class RowSerializer(serializers.ModelSerializer[Any]):
    """One row. `Meta` has `model` and `fields`, and may have:

    `read_only_fields`: nobody can set them. `fixed_fields`: they can only be set when the row is created.
    `harmless_fields`: they decide nothing of what keys see and what prices apply to.
    `volatile_fields`: they change by use, e.g. the last use of a key; the version of the row leaves them out.
    """

    serializer_field_mapping: ClassVar[Any] = dict(FIELDS)
    serializer_choice_field = Choice
    serializer_related_field = Related

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Names that somebody may take for those of other rows, which a person should confirm.
        self.doubts: list[FieldError] = []
        # The names in the table, if a batch has read them.
        self.names: Names | None = None

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), ETAG: Etag()}

    def build_standard_field(self, field_name: str, model_field: Any) -> tuple[Any, dict[str, Any]]:
        field_class, options = super().build_standard_field(field_name, model_field)
        # The model validates the letters of slugs.
        options.pop("allow_unicode", None)
        return field_class, options

    def build_relational_field(self, field_name: str, relation_info: Any) -> tuple[Any, dict[str, Any]]:
        field_class, options = super().build_relational_field(field_name, relation_info)
        options.pop("view_name", None)
        key = NATURAL_KEYS.get(relation_info.related_model._meta.label_lower, "pk")
        return field_class, {**options, "slug_field": key}

    def get_uniqueness_extra_kwargs(self, field_names: Any, declared_fields: Any, extra_kwargs: Any) -> Any:
        """The model itself validates what must be unique."""
        return extra_kwargs, {}

    def get_validators(self) -> list[Any]:
        return []

    def to_representation(self, instance: Any) -> dict[str, Any]:
        values = dict(super().to_representation(instance))
        values[ETAG] = self.etag_of(values)
        return values

    def etag_of(self, values: Mapping[str, Any]) -> str:
        """The ETag of a row with these values: its version and, if it has volatile fields, a digest of all fields."""
        volatile = values.keys() & set(getattr(self.Meta, "volatile_fields", ()))
        version = _digest(values, without={ETAG, *volatile})
        return f'"{version}-{_digest(values, without={ETAG})}"' if volatile else f'"{version}"'

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The values with their types; their meaning is checked with the row."""
        if not isinstance(data, Mapping):
            message = "This must be an object with the fields of a row."
            raise serializers.ValidationError({WHOLE_ROW: [message]}, code="invalid")
        values: dict[str, Any] = {}
        errors: dict[str, list[ErrorDetail]] = {}
        for name in sorted(data.keys() - self.fields.keys()):
            errors[name] = [ErrorDetail(f"There is no field {name[:LONGEST_NAME]}.", code="unknown")]
        for name, field in self.fields.items():
            try:
                if refusal := self._refusal(name, field, data):
                    errors[name] = [refusal]
                elif not field.read_only:
                    is_empty, value = field.validate_empty_values(field.get_value(data))
                    self.set_value(values, field.source_attrs, value if is_empty else field.to_internal_value(value))
            except serializers.ValidationError as error:
                errors[name] = cast("list[ErrorDetail]", error.detail)
            except SkipField:
                continue
        if errors:
            raise serializers.ValidationError(errors)
        return values

    def _refusal(self, name: str, field: Any, data: Mapping[str, Any]) -> ErrorDetail | None:
        """Why a field cannot be set; a value that it has already changes nothing."""
        is_fixed = self.instance is not None and name in getattr(self.Meta, "fixed_fields", ())
        if name not in data or not (field.read_only or is_fixed):
            return None
        if self.instance is not None and self.stored[name] == data[name]:
            return None
        if name == ETAG and self.instance is not None and version_of(str(data[name])) == version_of(self.stored[name]):
            return None
        text = "This field cannot be changed." if is_fixed else "This field cannot be set."
        return ErrorDetail(text, code="read_only")

    @property
    def stored(self) -> Mapping[str, Any]:
        """The row before this request."""
        if not hasattr(self, "_stored"):
            self._stored = self.to_representation(self.instance)
        return self._stored

    def store(self) -> Any:
        """Validates the values and saves the row; ModelError or REST framework's error if they are wrong.

        A row whose values are the same is not saved, so that its history has no entry without a change.
        """
        self.is_valid(raise_exception=True)
        model: Any = self.Meta.model
        values = dict(self.validated_data)
        many = {field.name for field in model._meta.many_to_many}
        relations = {name: values.pop(name) for name in list(values) if name in many}
        row = self.instance or model()
        before = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
        for name, value in values.items():
            setattr(row, name, value)
        self.check(row, relations)
        is_changed = row.pk is None or any(getattr(row, name) != value for name, value in before.items())
        with one_history_row():
            if is_changed:
                row.save()
            for name, rows in relations.items():
                manager = getattr(row, name)
                if {other.pk for other in rows} != set(manager.values_list("pk", flat=True)):
                    manager.set(rows)
        return row

    def check(self, row: Any, relations: Mapping[str, Any]) -> None:
        """ModelError if the row is not valid; `relations` are its rows of other tables, which are stored after it."""
        errors: dict[str, list[ModelError]] = {}
        try:
            row.full_clean(exclude=self._not_in_api(row))
        except ModelError as refusal:
            errors = refusal.error_dict if hasattr(refusal, "error_dict") else {WHOLE_ROW: refusal.error_list}
        for column, error in self._name_errors(row).items():
            if error.code != LOOK_ALIKE:
                errors.setdefault(column, [error])
            elif column not in errors:
                self.doubts.append({"field": column, "code": LOOK_ALIKE, "message": str(error.message)})
        if errors:
            raise ModelError(errors)

    def _not_in_api(self, row: models.Model) -> set[str]:
        """The columns without a field here: as in a form, they are not validated."""
        sources = {field.source for field in self.fields.values()}
        return {field.name for field in row._meta.concrete_fields} - sources

    def _name_errors(self, row: models.Model) -> Mapping[str, ModelError]:
        """Column -> why the row should not get its new name."""
        return name_errors(row, self.names) if type(row) in NAMED else {}
