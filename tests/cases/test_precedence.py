"""A poorer source does not erase the prices of a richer one."""

import pytest

from tests.cases.importing import import_case, quote

pytestmark = pytest.mark.django_db
MILLIONS = {"input": 1_000_000, "output": 1_000_000}


@pytest.mark.parametrize("order", [("litellm_rich", "models_dev_poorer"), ("models_dev_poorer", "litellm_rich")])
def test_the_price_of_a_batch_stays(order: tuple[str, str]) -> None:
    for name in order:
        import_case(name)
    assert quote("gpt-rich-1", MILLIONS, service_tier="batch")["amount"] == "17.5"
    assert quote("gpt-rich-1", MILLIONS)["amount"] == "35"
