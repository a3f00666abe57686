"""A product of numbers that is too large is a finding of its row; the other rows are imported."""

import pytest

from tests.cases.importing import import_case, rows

pytestmark = pytest.mark.django_db


def test_a_ratio_that_is_too_large_is_reported() -> None:
    assert "m: " in import_case("new_api_product_too_large").findings()


def test_an_expression_with_a_number_that_is_too_large_is_reported_and_the_other_row_imported() -> None:
    assert "m-expr: " in import_case("new_api_expression_too_large").findings()
    assert "model_ratio" not in rows()["m-expr"]
    assert rows()["m-ok"]["model_ratio"] == 1
