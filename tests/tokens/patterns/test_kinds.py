"""Comparisons of patterns with the figures of a model: exact, and never decided by what is unknown."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from tokens.patterns.prices import UNKNOWN, Price, Prices
from tokens.scope import Requested, Scope

NOW = dt.datetime(2026, 11, 30, tzinfo=dt.UTC)
KEY = 7


@dataclass(frozen=True)
class Model:
    """A model as patterns know it."""

    name: str = "wild-*"
    pk: int = KEY
    context_length: int | None = None
    max_output_tokens: int | None = None
    capabilities: tuple[str, ...] = field(default=())

    def selectors(self) -> Mapping[str, Iterable[str]]:
        return {"vendor": ("openai",), "capability": self.capabilities}


def is_permitted(pattern: str, model: Model, price: Price = UNKNOWN) -> tuple[bool, bool]:
    """Whether the model is visible if the pattern is the only one to allow, and the only one to deny."""
    prices = Prices("key", NOW, lambda: {KEY: price})
    return (
        Scope(allow=(pattern,), prices=prices).permits(model, ()),
        Scope(deny=(pattern,), prices=prices).permits(model, ()),
    )


MATCHES, DOES_NOT, UNDECIDED = (True, False), (False, True), (False, False)


@pytest.mark.parametrize(
    ("pattern", "context", "output", "expected"),
    [
        ("context>=200000", 200_000, None, MATCHES), ("context>200000", 200_000, None, DOES_NOT),
        ("context<=200000", 200_001, None, DOES_NOT), ("context<8192", 8191, None, MATCHES),
        ("context>=1", None, 5, UNDECIDED), ("context<1", None, 5, UNDECIDED), ("context>=0", 0, None, MATCHES),
        ("max_output>=64000", 5, 64_000, MATCHES), ("max_output<64000", 5, 64_000, DOES_NOT),
        ("max_output<64000", 5, None, UNDECIDED), ("context>=10", 9, None, DOES_NOT),
    ],
)  # fmt: skip
def test_a_limit_of_tokens(pattern: str, context: int | None, output: int | None, expected: tuple[bool, bool]) -> None:
    model = Model(context_length=context, max_output_tokens=output)

    assert is_permitted(pattern, model) == expected


def test_a_capability_ignores_case_and_takes_stars() -> None:
    model = Model(capabilities=("tools", "Web_Search"))

    assert is_permitted("capability:TOOLS", model) == MATCHES
    assert is_permitted("capability:web*", model) == MATCHES
    assert is_permitted("capability:tool", model) == DOES_NOT


PRICED = Price(
    highest={"input": Decimal(3), "output": Decimal("0.1"), "input.image": None, "output.audio": Decimal(64)}
)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("price:input<=3", MATCHES), ("price:input<3", DOES_NOT), ("price:input>3", DOES_NOT),
        ("price:input>=3", MATCHES), ("price:input<=3.000", MATCHES), ("price:input<=2.999999999999999", DOES_NOT),
        ("price:output<=0.1", MATCHES), ("price:output<0.10000000000000001", MATCHES),
        # Charged as input and output.
        ("price:input.cache_read<=3", MATCHES), ("price:output.reasoning>0.1", DOES_NOT),
        ("price:output.audio<=64", MATCHES), ("price:input.image<=5", UNDECIDED),
        # Cached images are charged as images.
        ("price:input.image.cache_read<=5", UNDECIDED),
        # Nothing is charged for requests, which is not a price of 0.
        ("price:request<=5", DOES_NOT), ("price:request>5", DOES_NOT), ("free", DOES_NOT),
    ],
)  # fmt: skip
def test_a_price_limit_is_exact(pattern: str, expected: tuple[bool, bool]) -> None:
    assert is_permitted(pattern, Model(), PRICED) == expected


@pytest.mark.parametrize("pattern", ["price:input<=5", "price:input>5", "price:input>=0", "price:request<=0"])
def test_an_unknown_price_lets_no_model_through(pattern: str) -> None:
    assert is_permitted(pattern, Model()) == UNDECIDED
    assert is_permitted(pattern, Model(pk=8), PRICED) == UNDECIDED


def test_an_unknown_price_is_not_free() -> None:
    assert is_permitted("free", Model()) == DOES_NOT


def test_the_unknown_side_of_a_price_is_unknown() -> None:
    price = Price(highest={"input": Decimal(1)}, unknown_side="output")

    assert is_permitted("price:input<=1", Model(), price) == MATCHES
    assert is_permitted("price:output<=100", Model(), price) == UNDECIDED
    assert is_permitted("price:output.reasoning>0", Model(), price) == UNDECIDED
    assert is_permitted("price:request<=1", Model(), price) == DOES_NOT


def test_a_free_model_costs_0_for_everything() -> None:
    price = Price(is_free=True)

    assert is_permitted("free", Model(), price) == MATCHES
    assert is_permitted("price:request<=0", Model(), price) == MATCHES
    assert is_permitted("price:input>0", Model(), price) == DOES_NOT


def test_a_call_of_a_wildcard_model_costs_what_the_model_costs() -> None:
    prices = Prices("key", NOW, lambda: {KEY: PRICED})

    assert Scope(allow=("price:input<=3",), prices=prices).permits_as("wild-1", Model(), ())
    assert not Scope(allow=("price:input<3",), prices=prices).permits_as("wild-1", Model(), ())
    assert not Scope(deny=("price:output>0",), prices=prices).permits_as("wild-1", Model(), ())
    assert Requested("wild-1", Model(context_length=5, max_output_tokens=6)).max_output_tokens == 6


def test_prices_are_read_only_if_a_pattern_needs_them() -> None:
    def fail() -> Mapping[int, Price]:
        raise AssertionError

    scope = Scope(allow=("free", "price:input<=1", "vendor:openai"), prices=Prices("key", NOW, fail))

    assert scope.permits(Model(), ())
    assert [Scope(allow=(text,)).asks_for_prices for text in ("price:x", "id:free", "price:input<=1", "free")] == [
        False, False, True, True,
    ]  # fmt: skip
    assert Scope(deny=("free",)).asks_for_prices
    assert not Scope(allow=("context>=5", "capability:x"), deny=("xfree", "id:price:input<=1")).asks_for_prices


def test_prices_that_were_not_read_are_an_error() -> None:
    with pytest.raises(RuntimeError, match="with_prices"):
        Scope(allow=("free",)).permits(Model(), ())
