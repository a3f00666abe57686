"""Form fields for ordered lists of names, and for lists that may be absent; forms of rows whose names are confirmed."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.utils.html import format_html

from catalog.admin.base import CuratedForm, NamesInput, RadioSelect, Textarea
from catalog.db.fields import NamesFormField
from catalog.models.names import LOOK_ALIKE, name_errors
from catalog.names.typed_lists import fold_width, write_names

COLON = re.compile("[:：]")
ABSENT = "absent"
LISTED = "listed"


class NamesPicker(NamesInput):
    """An ordered list of names: a text field with commas, which a script turns into chips and a menu."""

    template_name = "catalog/widgets/names.html"

    def __init__(self, known: Callable[[], Iterable[str]] = list) -> None:
        super().__init__()
        self.known = known

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"]["known"] = list(self.known())
        return context

    class Media:
        js = ["catalog/names.js"]


class AbsentOrNamesWidget(forms.MultiWidget):
    """Two radio buttons; the second one has the list."""

    template_name = "catalog/widgets/absent_or_names.html"
    use_fieldset = True

    def __init__(self, absent: str, listed: str, known: Callable[[], Iterable[str]]) -> None:
        super().__init__([RadioSelect(choices=[(ABSENT, absent), (LISTED, listed)]), NamesPicker(known)])

    def decompress(self, value: Any) -> list[str]:
        return [ABSENT, ""] if value is None else [LISTED, write_names(value)]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        # A tuple is posted data; prepare_value would treat a list as the names themselves.
        return tuple(super().value_from_datadict(data, files, name))

    def id_for_label(self, id_: str) -> str:
        return ""


class AbsentOrNamesField(forms.Field):
    """None, or a list of names that may be empty: the radio buttons distinguish the two."""

    def __init__(
        self,
        *,
        absent: str,
        listed: str,
        known: Callable[[], Iterable[str]] = list,
        fold: Callable[[str], str] = fold_width,
        **options: Any,
    ) -> None:
        self.names = NamesFormField(required=False, fold=fold)
        super().__init__(required=False, widget=AbsentOrNamesWidget(absent, listed, known), **options)

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, tuple) else self.widget.decompress(value)

    def to_python(self, value: Any) -> list[str] | None:
        choice, names = value
        if choice not in (ABSENT, LISTED):
            raise forms.ValidationError("Choose one of the two options.", code="required")
        return list(self.names.to_python(names)) if choice == LISTED else None

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(initial != self.to_python(data))
        except forms.ValidationError:
            return True


class LevelsField(forms.CharField):
    """Reasoning levels, one per line: the effort, a colon and a description."""

    widget = Textarea

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return "\n".join(f"{level['effort']}: {level['description']}".removesuffix(": ") for level in value)

    def to_python(self, value: Any) -> Any:
        lines = (line.strip() for line in str(value or "").splitlines())
        parts = ([*COLON.split(line, maxsplit=1), ""] for line in lines if line)
        return [{"effort": fold_width(effort).strip(), "description": rest.strip()} for effort, rest, *_ in parts]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.to_python(data))


class VerbatimField(forms.CharField):
    """A text that is stored unchanged; browsers send line breaks as two characters."""

    widget = Textarea

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"strip": False, **options})

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or "") != self.to_python(data))


class ConfirmedNames:
    """Mixed into the form of a named row. The box to confirm a name is part of the message about it."""

    def _post_clean(self: Any) -> None:
        super()._post_clean()  # type: ignore[misc]
        for column, error in name_errors(self.instance).items():
            name, box = getattr(self.instance, column), self.add_prefix(f"confirm_{column}")
            if column in self.errors or (error.code == LOOK_ALIKE and self.data.get(box) == name):
                continue
            if error.code == LOOK_ALIKE:
                confirmation = format_html(
                    '{} <label><input type="checkbox" name="{}" value="{}"> Use this name anyway</label>',
                    error.message, box, name,
                )  # fmt: skip
                error = forms.ValidationError(confirmation, code=LOOK_ALIKE)
            self.add_error(column, error)


class NamedForm(ConfirmedNames, CuratedForm):
    """The form of a named row on a page of its own."""
