"""What one-api charges for a name on a channel."""

from decimal import Decimal
from typing import Any

from pricing.gateways.rules.program import Figure, ProgramPrice
from pricing.gateways.rules.programs import ONE_API

AWS, GROQ = 33, 29


def price_of(name: str, channel_type: int | None = None, **options: Any) -> ProgramPrice:
    return ONE_API.price_of(name, options, channel_type)


def ratios(price: ProgramPrice) -> tuple[Decimal | int, Decimal | int]:
    assert price.figures.keys() == {"model_ratio", "completion_ratio"}
    return price.figures["model_ratio"].value, price.figures["completion_ratio"].value


def test_a_model_without_a_ratio_costs_60_dollars_per_million() -> None:
    price = price_of("acme")
    assert ratios(price) == (30, 1)
    assert price.rules["model_ratio"] == "by one-api's default for names without a ratio"


def test_built_in_entries_stay_in_effect_beside_saved_ones() -> None:
    price = price_of("gpt-4o", ModelRatio={"acme": 1}, CompletionRatio={"acme": 1})
    assert ratios(price) == (Decimal("2.5"), 4)
    assert price.rules["model_ratio"] == "by one-api's built-in table"
    assert ratios(price_of("deepseek-reasoner", CompletionRatio={}))[1] == Decimal("3.981818181818182")


def test_a_saved_completion_ratio_counts_before_all_rules() -> None:
    assert ratios(price_of("gpt-4o", CompletionRatio={"gpt-4o": 9})) == (Decimal("2.5"), 9)
    assert ratios(price_of("acme", ModelRatio={"acme": 0}, CompletionRatio={"acme": 0})) == (0, 0)


def test_a_ratio_for_a_type_of_channel_counts_before_the_one_for_the_name() -> None:
    assert ratios(price_of("llama3-70b-8192", AWS)) == (Decimal("1.325"), Decimal("1.320754716981132"))
    assert ratios(price_of("llama3-70b-8192", GROQ)) == (Decimal("0.000295"), Decimal("1.3389830508474576"))
    # A saved ratio for the name alone does not replace the built-in one for the type.
    assert ratios(price_of("llama3-70b-8192", AWS, ModelRatio={"llama3-70b-8192": 5}))[0] == Decimal("1.325")
    stored = price_of("acme", AWS, ModelRatio={"acme(33)": 2, "acme": 1})
    assert stored.figures["model_ratio"] == Figure(Decimal(2), "stored for acme(33)")
    assert ratios(price_of("acme", GROQ, ModelRatio={"acme(33)": 2, "acme": 1}))[0] == 1


def test_models_with_internet_access_cost_what_those_without_cost() -> None:
    assert ratios(price_of("qwen-plus-internet"))[0] == Decimal("0.0568")
    assert price_of("qwen-plus-internet").rules["model_ratio"].endswith("which has it for qwen-plus")
    # The completion ratio of command models is looked up by the whole name.
    assert ratios(price_of("command-r-internet")) == (Decimal("0.25"), 1)
    assert ratios(price_of("acme-internet")) == (30, 1)


def test_a_negative_ratio_is_no_price() -> None:
    assert price_of("openrouter/auto").figures == {}
    assert price_of("openrouter/auto").refusal


def test_mapped_models_cost_what_their_targets_cost() -> None:
    assert ONE_API.charges_upstream_names
