"""Patterns that would match nothing are refused where they are typed, with one sentence that says what to write."""

import pytest
from django.core.exceptions import ValidationError

from tokens.scope import Scope, literal, validate_patterns

PRICE = (
    "{} is not a valid price limit. Write price: and a meter, then <=, <, >= or >, and an amount in US dollars without "
    "a sign or currency, e.g. price:input<=5."
)
LIMIT = "{} is not a valid limit. Write context or max_output, then <=, <, >= or >, and a number, e.g. context>=200000."


def fault(text: str) -> str:
    with pytest.raises(ValidationError) as error:
        validate_patterns(["gpt-*", text])
    (message,) = error.value.messages
    return message


@pytest.mark.parametrize(
    "text",
    [
        "price:input<=5", "price:output<10", "price:request<=0.01", "price:output.image>0", "price:input>=0", "free",
        "price:input.cache_read<=0.000000001", "context>=200000", "context<8192", "max_output>=64000",
        "capability:tools", "capability:*", "id:free", "id:context>=5", "id:price:input<=5", "price", "context",
        "vendor/gpt:free", "free-*", "freedom", "max_output", "input:x",
    ],
)  # fmt: skip
def test_a_valid_pattern_is_accepted(text: str) -> None:
    validate_patterns([text])


@pytest.mark.parametrize(
    "text",
    [
        "price:<=5", "price:input<=", "price:input", "price:input=5", "price:input==5", "price:input=<5",
        "price:input<=-1", "price:input<=+5", "price:input<=$5", "price:input<=5CNY", "price:input<=5 CNY",
        "price:input<=5usd", "price:input<=1e3", "price:input<=.5", "price:input<=5.", "price:input<=1_000",
        "price:input<= 5", "price:input <=5", "price: input<=5", "Price:input<=5", "PRICE:input<=5", "price:*",
        "price :input<=5", "price<=5", "price:input≤5", "price:input<=\u0665", "input<=5", "cost<5", "price=5",
        "price:input<=inf", "price:input<=NaN", f"price:input<={'9' * 13}",
    ],
)  # fmt: skip
def test_a_price_limit_that_is_not_one_is_refused(text: str) -> None:
    assert fault(text) == PRICE.format(text)


@pytest.mark.parametrize(
    "text",
    [
        "context>=abc", "context>=200k", "context>=", "context=200000", "context>=-1", "context >= 5", "context>= 5",
        "Context>=5", "context:200000", "context=>5", "context>=1.5", "context≥5", "context_length>=5",
        "max_output_tokens>=5", "max_output=5", "Max_output>5", "max_tokens>5",
        "context>=\u0665", f"context>={'9' * 16}",
    ],
)  # fmt: skip
def test_a_limit_that_is_not_one_is_refused(text: str) -> None:
    assert fault(text) == LIMIT.format(text)


@pytest.mark.parametrize("meter", ["inpt", "Input", "input_cache_read", "x.litellm.odd", "*"])
def test_an_unknown_meter_is_refused(meter: str) -> None:
    assert fault(f"price:{meter}<=5").startswith(f"{meter} is not a valid meter. Use one of input, output, input.cache")


@pytest.mark.parametrize("text", ["Free", "FREE", "fReE"])
def test_free_is_written_in_lower_case(text: str) -> None:
    assert fault(text) == f"{text} is not free. Write free for models without charge, or id:{text} for a model id."


@pytest.mark.parametrize("text", ["size>5", "a<b", "gpt-4<=x"])
def test_another_comparison_is_refused(text: str) -> None:
    assert fault(text) == f"{text} is not a valid comparison. Write e.g. price:input<=5, or id:{text} for a model id."


@pytest.mark.parametrize("text", [" free", "free ", "capability: tools", " context>=5", "price:input<=5 "])
def test_spaces_at_the_ends_are_refused(text: str) -> None:
    assert fault(text) == f"{text!r} matches nothing, because it starts or ends with a space. Remove the space."


@pytest.mark.parametrize("text", ["capabilities:tools", "Capability:tools", "capability :tools"])
def test_a_misspelled_capability_is_refused(text: str) -> None:
    assert "or one of vendor:, series:, tag:, endpoint:, modality:, capability:, id:" in fault(text)


@pytest.mark.parametrize(
    "name",
    ["free", "Free", "context>=5", "context>=abc", "price:input<=5", "price:x", "capability:tools", "max_output<1"],
)
def test_a_model_whose_id_looks_like_a_pattern_is_named_by_id(name: str) -> None:
    assert literal(name) == f"id:{name}"
    validate_patterns([literal(name)])
    assert Scope(allow=(literal(name),)).exact_names == frozenset({name})
    assert not Scope(allow=(literal(name),)).asks_for_prices
