"""Every field of every dialect has a value that the strictest typed client reads, whatever the catalog contains.

One value outside the type of a field makes such a client reject the whole list. The types are those of google-genai for
Go and Java, LangChain4j, openai-go, go-openai, openai-java, anthropic-sdk-go, anthropic-java, async-openai and Codex.
"""

import datetime as dt
import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from catalog.exact import write_json
from catalog.models import AIModel, Vendor
from catalog.models.facts import INT32, INT53, LIMITS
from catalog.vocabulary import CAPABILITIES, INPUT_MODALITIES, OUTPUT_MODALITIES, VIDEO_TYPES
from tests.sizes import size
from tokens.dialects import anthropic, gemini, openai
from tokens.openapi.shapes import Schema, schemas_of

TODAY = dt.date(2026, 11, 30)
LEARNED = dt.datetime(2026, 11, 1, 23, 59, tzinfo=dt.UTC)
UINT32 = 2**32 - 1
# The largest number of a field of 32 bits with a fraction.
FLOAT32 = 3.4e38
# What Go's time.RFC3339, Java's OffsetDateTime and JavaScript's Date read.
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT00:00:00Z")
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
SHAPES = {"openai": openai.OpenAIModel, "anthropic": anthropic.AnthropicModel, "gemini": gemini.GeminiModel}
DIALECTS = {"openai": openai.OpenAI(), "anthropic": anthropic.Anthropic(), "gemini": gemini.Gemini()}
SCHEMAS = {name: next(iter(schemas_of(shape).values())) for name, shape in SHAPES.items()}

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
limits = st.none() | st.integers(0, 2**63 - 1) | st.sampled_from([INT32, INT32 + 1, UINT32 + 1, INT53, INT53 + 1])
dates = (
    st.none() | st.dates() | st.sampled_from([dt.date.min, dt.date(1969, 12, 31), dt.date(2038, 1, 19), dt.date.max])
)
parameters = st.dictionaries(
    st.sampled_from(["temperature", "top_p", "top_k", "max_temperature", "min_p"]),
    st.integers(-1, 10**60)
    | st.decimals(Decimal(-1), Decimal(10) ** 30, allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        [Decimal("1E+2"), Decimal("1E-60"), Decimal("64.0"), Decimal("0.12345678901234567890"), True, "1", None]
    ),
)


def names(*known: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(known) | words.filter(bool), max_size=4, unique=True)


models = st.builds(
    AIModel,
    name=words.filter(bool),
    display_name=words,
    description=words,
    version=words,
    vendor=st.builds(Vendor, slug=st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True), name=words),
    **dict.fromkeys(LIMITS, limits),
    **dict.fromkeys(("released_on", "deprecated_on", "retires_on"), dates),
    default_parameters=parameters,
    input_modalities=names(*INPUT_MODALITIES),
    output_modalities=names(*OUTPUT_MODALITIES),
    capabilities=names(*CAPABILITIES),
    supported_endpoint_types=names("openai", "anthropic", "gemini", "embeddings", "image-generation", *VIDEO_TYPES),
    public_endpoint_types=st.none() | names("openai", "gemini"),
    reasoning_levels=names("low", "high"),
    created_at=st.just(LEARNED),
)
profiles: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    instructions=words.filter(bool),
    reasoning_levels=st.lists(st.builds(dict, effort=words.filter(bool), description=words), max_size=2),
    default_reasoning_level=words.filter(bool),
    patch_tool=st.sampled_from(["", "freeform"]),
    default_verbosity=st.sampled_from(["", "low"]),
    parallel_tool_calls=st.booleans(),
)


ORDINARY: dict[str, Any] = {"name": "m", "vendor": Vendor(slug="v", name="V"), "created_at": LEARNED}


def read(dialect: str, model: AIModel) -> dict[str, Any]:
    """The row as a typed client reads it: no number is NaN, and a whole number is written in digits only."""
    text = write_json(DIALECTS[dialect].model_body(model, on=TODAY)).decode()
    row: dict[str, Any] = json.loads(text, parse_float=finite, parse_constant=pytest.fail)
    return row


def finite(digits: str) -> float:
    assert NUMBER.fullmatch(digits)
    assert math.isfinite(float(digits))
    return float(digits)


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=size(60, full=1000), deadline=None)
@given(model=models)
def test_a_row_is_what_its_schema_says(dialect: str, model: AIModel) -> None:
    Draft202012Validator(SCHEMAS[dialect]).validate(read(dialect, model))


@settings(max_examples=size(60, full=1000), deadline=None)
@given(model=models)
def test_openais_rows_have_the_types_of_the_strictest_client(model: AIModel) -> None:
    row = read("openai", model)

    assert type(row["created"]) is int
    assert 0 < row["created"] <= INT32
    assert row["owned_by"]
    assert row["name"]
    assert row["shutdown_date"] is None or dt.date.fromisoformat(row["shutdown_date"])
    assert all(type(row[limit]) is int and 0 < row[limit] <= INT53 for limit in LIMITS if limit in row)


@settings(max_examples=size(60, full=1000), deadline=None)
@given(model=models)
def test_anthropics_rows_have_the_types_of_the_strictest_client(model: AIModel) -> None:
    row = read("anthropic", model)

    for name in ("max_input_tokens", "max_tokens"):
        assert row[name] is None or (type(row[name]) is int and 0 < row[name] <= INT32)
    assert RFC_3339.fullmatch(row["created_at"])
    assert 1970 <= int(row["created_at"][:4]) <= 2038
    assert all(row[name] is None or RFC_3339.fullmatch(row[name]) for name in ("deprecated_at", "retires_at"))
    assert row["lifecycle"] in ("active", "deprecated", "retired")
    assert row["line"] in (None, "haiku", "sonnet", "opus", "fable", "mythos")
    assert row["display_name"]


@settings(max_examples=size(60, full=1000), deadline=None)
@given(model=models)
def test_geminis_rows_have_the_types_of_the_strictest_client(model: AIModel) -> None:
    row = read("gemini", model)

    for name in ("inputTokenLimit", "outputTokenLimit", "topK"):
        assert name not in row or (type(row[name]) is int and 0 <= row[name] <= INT32)
    for name in ("temperature", "maxTemperature", "topP"):
        assert name not in row or 0 <= row[name] < FLOAT32
    assert None not in row.values()
    assert "" not in row.values()
    assert row.get("thinking", True) is True


@pytest.mark.parametrize(("dialect", "largest"), [("gemini", INT32), ("anthropic", INT32), ("openai", INT53)])
def test_the_largest_limit_is_listed_and_the_next_one_left_out(dialect: str, largest: int) -> None:
    name = {"gemini": "inputTokenLimit", "anthropic": "max_input_tokens", "openai": "context_length"}[dialect]

    rows = [read(dialect, AIModel(**ORDINARY, context_length=tokens)) for tokens in (largest, largest + 1)]

    assert [row.get(name) for row in rows] == [largest, None]
    assert (name in rows[1]) == (dialect == "anthropic")


def test_a_limit_of_0_is_unknown() -> None:
    model = AIModel(**ORDINARY, **dict.fromkeys(LIMITS, 0))
    profile = {"instructions": "x", "reasoning_levels": [], "default_verbosity": "", "patch_tool": ""}

    assert read("openai", model).keys().isdisjoint(LIMITS)
    assert (read("anthropic", model)["max_input_tokens"], read("anthropic", model)["max_tokens"]) == (None, None)
    assert "inputTokenLimit" not in read("gemini", model)
    assert "context_window" not in openai.codex_model(model, {**profile, "parallel_tool_calls": True}, 0)
    assert len(list(model.unreadable_facts())) == len(LIMITS)


def test_an_input_limit_of_0_does_not_hide_the_context_window() -> None:
    model = AIModel(**ORDINARY, context_length=128_000, max_input_tokens=0)

    assert read("anthropic", model)["max_input_tokens"] == read("gemini", model)["inputTokenLimit"] == 128_000


@pytest.mark.parametrize(
    ("released_on", "created", "created_at"),
    [
        (dt.date(1, 1, 1), 1_793_491_200, "2026-11-01T00:00:00Z"),
        (dt.date(1969, 12, 31), 1_793_491_200, "2026-11-01T00:00:00Z"),
        (dt.date(1970, 1, 1), 1_793_491_200, "2026-11-01T00:00:00Z"),
        (dt.date(1970, 1, 2), 86_400, "1970-01-02T00:00:00Z"),
        (dt.date(2026, 9, 10), 1_788_998_400, "2026-09-10T00:00:00Z"),
        (dt.date(2038, 1, 18), 2_147_385_600, "2038-01-18T00:00:00Z"),
        (dt.date(2038, 1, 19), 1_793_491_200, "2026-11-01T00:00:00Z"),
        (dt.date(9999, 12, 31), 1_793_491_200, "2026-11-01T00:00:00Z"),
    ],
)
def test_a_release_that_some_client_cannot_read_is_unknown(released_on: dt.date, created: int, created_at: str) -> None:
    model = AIModel(**ORDINARY, released_on=released_on)

    assert read("openai", model)["created"] == created
    assert read("anthropic", model)["created_at"] == created_at


@settings(max_examples=size(60, full=1000), deadline=None)
@given(model=models, profile=profiles)
def test_codex_entries_are_what_their_schema_says(model: AIModel, profile: dict[str, Any]) -> None:
    entry = json.loads(write_json(openai.codex_model(model, profile, 3)))

    Draft202012Validator(schemas_of(openai.CodexModel)["CodexModel"]).validate(entry)
    assert type(entry.get("context_window", 1)) is int
    assert entry.get("context_window", 1) > 0


def whole_numbers(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every whole number in a schema, with its path."""
    types = schema.get("type", [])
    if "integer" in ([types] if isinstance(types, str) else types):
        yield path, schema
    for name, field in schema.get("properties", {}).items():
        yield from whole_numbers(field, f"{path}.{name}")
    if "items" in schema:
        yield from whole_numbers(schema["items"], f"{path}[]")
    for part in schema.get("anyOf", ()):
        yield from whole_numbers(part, path)


@pytest.mark.parametrize(
    "shape",
    [
        *(openai.OpenAIModelList, openai.OpenAIError, anthropic.AnthropicModelPage, anthropic.AnthropicError),
        *(gemini.GeminiModelPage, gemini.GeminiError),
    ],
)
def test_every_whole_number_of_a_dialect_has_a_range(shape: type) -> None:
    """A field that is added needs a decision about its strictest client: see tokens/dialects/base.py."""
    without = [
        path
        for name, schema in schemas_of(shape).items()
        for path, field in whole_numbers(schema, name)
        if not 0 <= field.get("minimum", -1) <= field.get("maximum", INT53 + 1) <= INT53
    ]

    assert without == []
