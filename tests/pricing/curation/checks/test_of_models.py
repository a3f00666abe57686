"""Problems of models, vendors and endpoint types."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import AIModel, Vendor
from pricing.models import PopularModel
from tests import world as cast
from tests.pricing.curation.checks.found import correct_model, run_all

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _correct() -> None:
    correct_model()
    cast.token()


def test_contradictory_limits() -> None:
    fine = cast.model("fine", context_length=400_000, max_input_tokens=272_000, max_output_tokens=128_000)
    equal = cast.model("equal", context_length=8_000, max_output_tokens=8_000)
    deep = cast.model("deep", context_length=8_000, max_input_tokens=9_000, max_output_tokens=4_000)
    for model in (fine, equal, deep):
        cast.price(model, input="1", output="2")

    assert run_all() == {
        "odd-limits": [
            "deep: the input limit (9,000 tokens) is larger than the context window (8,000 tokens)",
        ],
        "output-equals-window": ["equal: both are 8,000 tokens, which leaves no room for input"],
    }


def test_numbers_and_dates_that_some_clients_cannot_read() -> None:
    correct_model("long", context_length=2**32, max_input_tokens=2**31 - 1, max_output_tokens=2**31)
    correct_model("old", released_on=dt.date(1969, 12, 31))
    correct_model("new", released_on=dt.date(2038, 1, 19))
    correct_model("fine", context_length=2**31 - 1, released_on=dt.date(1970, 1, 2))
    correct_model("zero", context_length=0, released_on=dt.date(1970, 1, 1))
    too_large = "is above 2,147,483,647: Gemini's and Anthropic's lists leave it out"
    out_of_range = "is not between 1970-01-02 and 2038-01-18: lists leave it out"

    assert run_all() == {
        "unreadable-facts": [
            f"long: the context window (4,294,967,296 tokens) {too_large}",
            f"long: the maximum output (2,147,483,648 tokens) {too_large}",
            f"new: the release date (2038-01-19) {out_of_range}",
            f"old: the release date (1969-12-31) {out_of_range}",
            "zero: the context window is 0 tokens: lists leave it out",
            f"zero: the release date (1970-01-01) {out_of_range}",
        ]
    }


def test_unknown_unused_and_duplicate_vendors() -> None:
    correct_model("whose", vendor=Vendor.objects.other())
    correct_model("kling-a", vendor=cast.vendor("kuaishou", name="Kuaishou"))
    twin = cast.vendor("twin", name="快手")

    assert run_all() == {
        "no-vendor": ["whose: its vendor is unknown"],
        "unused-vendor": [f"{twin}: it has no models"],
        "twin-vendors": ["快手: it is the same vendor as Kuaishou"],
    }


def test_missing_and_unknown_endpoint_types() -> None:
    correct_model("silent", supported_endpoint_types=[])
    correct_model("strange", supported_endpoint_types=["openai", "telepathy"])

    assert run_all() == {
        "unknown-endpoint-type": ["strange: unknown: telepathy"],
        "no-endpoint-type": ["silent: it has no endpoint type that customers can call"],
    }


def test_calls_that_are_forwarded_to_no_model() -> None:
    today = timezone.now().date()
    correct = AIModel.objects.get(name="correct")
    fields: dict[str, Any] = {"forwards_to_successor": True, "retires_on": today}
    chain = correct_model("chain", successor=correct_model("middle", successor=correct, **fields), **fields)
    away = correct_model("away", status="draft")
    others: dict[str, dict[str, Any]] = {
        "alone": {"successor": None},
        "dateless": {"successor": correct, "retires_on": None},
        "fine": {"successor": chain},
        "lost": {"successor": away},
        "later": {"successor": correct, "retires_on": today + dt.timedelta(1)},
        "round": {"successor": None},
    }
    for name, changed in others.items():
        correct_model(name, **fields | changed)
    # An import may store a circle.
    AIModel.objects.filter(name="round").update(successor=AIModel.objects.get(name="round"))

    assert run_all() == {
        "forwards-nowhere": [
            "alone: it has no successor",
            "dateless: it has no retirement date",
            "lost: it has retired, and no model answers calls after away",
            "round: it has retired, and no model answers calls after round",
        ],
    }


def test_published_models_and_pins_that_are_not_visible() -> None:
    away = correct_model("away", on=None)
    PopularModel.objects.create(model=away)
    AIModel.objects.filter(name="correct").update(successor=away)

    assert run_all() == {
        "out-of-reach": ["away: no group can reach an enabled channel that offers it"],
        "gone-successor": ["correct: away is not listed"],
        "hidden-popular": ["0. away: away is not visible to visitors"],
    }
