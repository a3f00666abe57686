"""Guards and warnings: a document that lost models stops, and a price that nobody charges is reported."""

import pytest

from catalog.models import AIModel
from pricing.imports.exit_codes import Exit
from tests.cases.importing import import_case, rows

pytestmark = pytest.mark.django_db


def test_a_list_that_lost_most_of_its_models_stops() -> None:
    import_case("litellm_mass_removal_1")
    outcome = import_case("litellm_mass_removal_2", code=Exit.GUARD_STOPPED)
    assert "2 of 3 models are no longer in the source" in outcome.report["guards"][0]
    assert set(AIModel.objects.values_list("name", flat=True)) == {"m-a", "m-b", "m-c"}


def test_a_confirmed_loss_is_applied() -> None:
    import_case("litellm_mass_removal_1")
    import_case("litellm_mass_removal_2", "--allow-removals")
    assert AIModel.objects.count() == 5


def test_prices_that_nobody_charges_are_reported() -> None:
    outcome = import_case("litellm_wrong_magnitude")
    assert set(outcome.report["suspicious"]) == {"azure_ai/jais-30b-chat", "watsonx/core42/jais-13b-chat"}
    assert "wandb/openai/gpt-oss-120b: input is more than $10000 per million tokens" in outcome.findings()
    assert rows().get("wandb/openai/gpt-oss-120b", {}).get("quota_type") is None


def test_a_list_that_lost_nothing_is_applied() -> None:
    import_case("litellm_mass_removal_1")
    import_case("litellm_mass_removal_1")
    import_case("litellm_service_tiers")
