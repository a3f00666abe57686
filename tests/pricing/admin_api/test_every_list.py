"""Every list of the management API answers, with each of its filters, orders and fields."""

from typing import Any

import pytest

from pricing.admin_api.filters import RowFilter
from pricing.admin_api.urls import RESOURCES

# Health checks have no table.
LISTS = [
    resource for resource in RESOURCES if "list" in resource.methods and hasattr(resource.serializer_class, "Meta")
]
# Values of several types; a filter refuses those of other types than its own.
VALUES = (
    "2026-07-08T08:50:11-20:18",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "1",
    "true",
    "2026-01-01",
    "a\u0301/b",
    "9" * 30,
)


@pytest.mark.parametrize("resource", LISTS, ids=lambda resource: resource.address)
def test_a_list_answers_with_each_parameter(resource: Any, api: Any) -> None:
    address = f"/api/admin/v1/{resource.address}"
    assert api.get(address).status_code == 200
    view = resource()
    for name in RowFilter().get_filterset_class(view, view.table._default_manager.all()).base_filters:
        statuses = {api.get(address, {name: value}).status_code for value in VALUES}
        assert statuses <= {200, 400}, name
    for column in resource.ordering:
        assert api.get(address, {"ordering": f"-{column.removeprefix('-')}"}).status_code == 200
