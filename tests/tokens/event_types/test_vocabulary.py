"""The types of events."""

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError

from tokens.event_types.vocabulary import TYPES, unmatched_types, validate_types


def test_these_are_all_types() -> None:
    kinds = {
        "model": "added changed deprecated retiring retired",
        "price": "announced in_force ended",
        "token": "issued rotated revoked expiring refused",
        "budget": "warning spent",
        "import": "waiting stopped failed",
        "health": "found",
    }
    assert set(TYPES) == {f"{kind}.{name}" for kind, names in kinds.items() for name in names.split()}
    tables = {table for event_type in TYPES.values() for table in event_type.tables}
    assert {apps.get_model(table)._meta.label_lower for table in tables} == {
        "catalog.aimodel", "pricing.pricesheet", "tokens.token", "catalog.importrun",
    }  # fmt: skip


def test_an_unknown_type_is_refused() -> None:
    validate_types(["model.added", "health.found"])

    with pytest.raises(ValidationError, match=r"Unknown event types: model\.removed\. Known are model\.added, "):
        validate_types(["model.added", "model.removed"])


def test_limits_exclude_types_that_concern_no_vendor_or_no_group() -> None:
    names = ["model.added", "token.issued", "import.failed"]

    assert list(unmatched_types(names, by_vendor=False, by_group=False)) == []
    assert list(unmatched_types(names, by_vendor=True, by_group=False)) == [
        ("token.issued", "vendor"), ("import.failed", "vendor"),
    ]  # fmt: skip
    assert list(unmatched_types(names, by_vendor=False, by_group=True)) == [("import.failed", "group")]
