"""Column types that store exact decimals and exact JSON on every database, and lists of names.

Django's DecimalField goes through a float on SQLite, which has 15 digits; JSONField turns fractions into floats.
"""

import zlib
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from django import forms
from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from catalog.exact import InexactError, digits, plain, read_json, read_number, refuse_inexact, write_json
from catalog.names.groups import LONGEST_NAME, normal_group_name, validate_group_name
from catalog.names.typed_lists import fold_width, split_names, write_names


class ExactDecimalField(models.Field):  # type: ignore[type-arg]
    """A finite Decimal, stored with all digits, without trailing zeros: `numeric` on PostgreSQL, text on SQLite."""

    description = "Exact decimal number"
    empty_strings_allowed = False
    # Text on SQLite has no numeric order, so a comparison would silently be wrong there: it is refused on both.
    lookups: ClassVar[frozenset[str]] = frozenset({"exact", "in", "isnull"})

    def __init__(self, *args: Any, least: Decimal | None = None, most: Decimal | None = None, **kwargs: Any) -> None:
        """`least` and `most` limit numbers above 0. They are not part of migrations."""
        self.least, self.most = least, most
        super().__init__(*args, **kwargs)

    def validate(self, value: Any, model_instance: Any) -> None:
        super().validate(value, model_instance)
        if value is not None and value > 0 and self.most is not None and value > self.most:
            raise ValidationError(f"The number must not be more than {digits(self.most)}.", code="too_large")
        if value is not None and value > 0 and self.least is not None and value < self.least:
            raise ValidationError(f"The number must be at least {digits(self.least)}.", code="too_small")

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "numeric" if connection.vendor == "postgresql" else "text"

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in self.lookups:
            raise FieldError(f"{self.name} is text on SQLite: use only the lookups exact, in and isnull.")
        return super().get_lookup(lookup_name)

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or value == "":
            return None
        try:
            return plain(value if isinstance(value, Decimal) else read_number(str(value).strip()))
        except InexactError as error:
            raise ValidationError(str(error), code="invalid") from None

    def from_db_value(self, value: Any, *_: Any) -> Decimal | None:
        return None if value is None else plain(Decimal(value))

    def get_prep_value(self, value: Any) -> Decimal | None:
        if isinstance(value, float):
            raise TypeError(f"{self.name} takes a Decimal or its digits, never a float.")
        return self.to_python(value)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        value = value if prepared else self.get_prep_value(value)
        if value is None or connection.vendor == "postgresql":
            return value
        return format(value, "f")  # already plain, so this writes its digits

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else digits(value)

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return super().formfield(**{"form_class": ExactDecimalFormField, **kwargs})


class ExactDecimalFormField(forms.CharField):
    """A text field for a Decimal; shows all stored digits, without an exponent."""

    def prepare_value(self, value: Any) -> Any:
        return digits(value) if isinstance(value, Decimal) else value

    def to_python(self, value: Any) -> Any:
        text = (super().to_python(value) or "").strip()
        if not text:
            return None
        try:
            return plain(read_number(text))
        except InexactError:
            raise forms.ValidationError(
                "This is not a valid number: write e.g. 2.5 or 0.00000015.", code="invalid"
            ) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(initial if initial is None else str(initial)) != self.to_python(data))
        except forms.ValidationError:
            return True


if TYPE_CHECKING:
    AnyTextField = models.TextField[Any, Any]
else:
    AnyTextField = models.TextField


class ExactJSONField(AnyTextField):
    """JSON stored as text, so that every number keeps all its digits."""

    description = "JSON with exact numbers"
    # Validators see [] and {}: an empty value of the other kind is not what readers expect.
    empty_values: Sequence[Any] = (None, "")
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: Any, *_: Any) -> Any:
        if value == "[]":  # by far the most frequent values, about ten per row
            return []
        if value == "{}":
            return {}
        return None if value is None else read_json(value)

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return read_json(value)
        except InexactError as error:
            raise ValidationError(str(error), code="invalid") from None

    def get_prep_value(self, value: Any) -> str | None:
        if value is None:
            return None
        if value == []:
            return "[]"
        if value == {}:
            return "{}"
        refuse_inexact(value)
        return write_json(value).decode()

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in {"isnull", "exact", "icontains"}:
            raise FieldError(f"{self.name} is JSON text: use only the lookups exact, icontains and isnull.")
        return super().get_lookup(lookup_name)

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or "null"

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return models.Field.formfield(self, **{"form_class": ExactJSONFormField, "widget": forms.Textarea, **kwargs})


if TYPE_CHECKING:
    AnyBinaryField = models.BinaryField[Any, Any]
else:
    AnyBinaryField = models.BinaryField


class PackedJSONField(AnyBinaryField):
    """JSON with exact numbers, compressed: for large values that no query searches."""

    description = "Compressed JSON with exact numbers"

    def from_db_value(self, value: Any, *_: Any) -> Any:
        return None if value is None else read_json(zlib.decompress(bytes(value)))

    def to_python(self, value: Any) -> Any:
        return read_json(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> bytes | None:
        if value is None:
            return None
        refuse_inexact(value)
        return zlib.compress(write_json(value))

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is compressed: use only the lookup isnull.")
        return super().get_lookup(lookup_name)

    def value_to_string(self, obj: models.Model) -> str:
        return write_json(self.value_from_object(obj)).decode()


class ExactJSONFormField(forms.CharField):
    """JSON in a text area; an empty text area is the field's empty value."""

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else "" if value is None else write_json(value).decode()

    def to_python(self, value: Any) -> Any:
        text = (super().to_python(value) or "").strip()
        if not text:
            return None
        try:
            return read_json(text)
        except InexactError as error:
            raise forms.ValidationError(str(error), code="invalid") from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(initial != self.to_python(data))
        except forms.ValidationError:
            return True


if TYPE_CHECKING:
    NameField = models.CharField[str, str]
else:
    NameField = models.CharField


class GroupNameField(NameField):
    """The name of a group of customers, stored and compared in its composed form."""

    description = "Name of a group"
    _pyi_private_set_type: str
    _pyi_private_get_type: str

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": LONGEST_NAME, "validators": [validate_group_name], **kwargs})

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return normal_group_name(text) if isinstance(text, str) else text

    def get_prep_value(self, value: Any) -> Any:
        return self.to_python(super().get_prep_value(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value


_names = msgspec.json.Decoder(list[str])


class NamesField(ExactJSONField):
    """An ordered list of names, e.g. the endpoint types of a model, the preferred one first."""

    description = "Ordered list of names"

    def from_db_value(self, value: Any, *_: Any) -> Any:
        # Lists of models read thousands of these; they contain no numbers, so the fast decoder is exact enough.
        return None if value is None else _names.decode(value)

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        if value is None and self.null:
            return
        if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
            raise ValidationError("This is not a list of names.", code="invalid")
        if len(set(value)) != len(value):
            raise ValidationError("This list has a duplicate name.", code="invalid")
        if not self.blank and not value:
            raise ValidationError("Enter at least one name.", code="blank")

    def formfield(self, **kwargs: Any) -> forms.Field | None:
        return models.Field.formfield(self, **{"form_class": NamesFormField, **kwargs})


class NamesFormField(forms.CharField):
    """Names in order, as people separate them; `fold` gives each its ordinary width."""

    widget = forms.TextInput

    def __init__(self, *args: Any, fold: Callable[[str], str] = fold_width, **kwargs: Any) -> None:
        self.fold = fold
        super().__init__(*args, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return write_names(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        if value is None:
            return None if self.empty_value is None else []
        return split_names(str(value), fold=self.fold)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.to_python(data))
