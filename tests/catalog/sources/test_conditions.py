"""Conditions as people write them: simple ones as text, all of them exactly."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.exact import InexactError
from catalog.sources.conditions import read_conditions, write_conditions
from catalog.sources.rows import SourceError

VALUES = st.one_of(
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-1000, max_value=1000),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
    st.lists(st.text("ab;=\"'", max_size=4), max_size=3),
)
CONDITIONS = st.lists(
    st.fixed_dictionaries(
        {
            "dim": st.sampled_from(["prompt_tokens", "service_tier", "resolution", "time"]),
            "op": st.sampled_from(["gt", "gte", "lt", "lte", "eq", "ne", "in"]),
            "value": VALUES,
        }
    ),
    max_size=3,
)


@pytest.mark.parametrize(
    ("conditions", "text"),
    [
        ([], ""),
        ([{"dim": "prompt_tokens", "op": "gt", "value": 200_000}], "prompt_tokens>200000"),
        (
            [
                {"dim": "prompt_tokens", "op": "gte", "value": 1},
                {"dim": "service_tier", "op": "eq", "value": "batch"},
            ],
            "prompt_tokens>=1;service_tier=batch",
        ),
        ([{"dim": "has_audio", "op": "eq", "value": False}], "has_audio=false"),
        ([{"dim": "duration_bucket", "op": "eq", "value": "5"}], 'duration_bucket="5"'),
        ([{"dim": "resolution", "op": "ne", "value": "480*832"}], "resolution!=480*832"),
        ([{"dim": "group", "op": "eq", "value": "b；c"}], '[{"dim":"group","op":"eq","value":"b；c"}]'),
        ([{"dim": "mode", "op": "in", "value": ["std"]}], '[{"dim":"mode","op":"in","value":["std"]}]'),
    ],
)
def test_conditions_are_written_as_people_write_them(conditions: Any, text: str) -> None:
    assert write_conditions(conditions) == text
    assert list(read_conditions(text)) == conditions


def test_signs_in_full_width_are_the_ordinary_ones() -> None:
    typed = "group＝官转；prompt_tokens＞＝200000； service_tier！＝batch；duration＜5"

    assert write_conditions(read_conditions(typed)) == "group=官转;prompt_tokens>=200000;service_tier!=batch;duration<5"
    assert read_conditions('group="b，c"')[0]["value"] == "b，c"


@given(CONDITIONS)
def test_written_conditions_are_read_back(conditions: list[dict[str, Any]]) -> None:
    back = list(read_conditions(write_conditions(conditions)))

    assert back == conditions
    assert [type(condition["value"]) is bool for condition in back] == [
        type(condition["value"]) is bool for condition in conditions
    ]


def test_a_fraction_keeps_its_digits() -> None:
    assert read_conditions("size>0.000000150000000000000012")[0]["value"] == Decimal("0.000000150000000000000012")


@pytest.mark.parametrize(
    "text", ["prompt_tokens", "=5", "a b=1", "prompt_tokens>", "[1]", "[", '{"a": 1}', 'a="', "x>1e999"]
)
def test_an_invalid_condition_is_refused(text: str) -> None:
    with pytest.raises((SourceError, InexactError)):
        read_conditions(text)
