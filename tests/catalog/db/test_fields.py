"""Exact columns return the stored value on every database, and refuse values that they cannot store exactly."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.db.models.functions import Length
from django.utils import timezone

from catalog.exact import InexactError, digits
from catalog.models import ImportRun, Snapshot, Source
from pricing.models import GroupRate, PriceLine
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

LITERALS = [
    "0.000000150000000000000012", "8.333333333333334e-8", "0", "0.0", "1", "1.0", "2.50", "100", "1E+4", "1e4", "0.1",
    "0.30000000000000004", "4.166666666666667", "0.8219178082191781", "0.123456789012345678901234", "1E-24",
    "9007199254740993", "1e-30", "9007199254740993.1", "123456789012345678901234567890",
    "99999999999999999999.99999999999999999999",
    "0.00000000000000000000000000000000000001", "1000000000000000000000000000000000000000000000001",
    "16.666666666666668", "37.5", "0.99999999999999999999999",
]  # fmt: skip


@pytest.fixture
def line() -> PriceLine:
    # Lines of a sheet that has taken effect cannot be saved again.
    ahead = timezone.now() + dt.timedelta(days=1)
    return world.line(world.price(world.model(), starts_at=ahead), "input", "1")


@pytest.mark.parametrize("literal", LITERALS)
def test_a_decimal_column_keeps_every_digit(line: PriceLine, literal: str) -> None:
    line.amount = Decimal(literal)
    line.save()

    read = PriceLine.objects.get(pk=line.pk).amount

    assert read == Decimal(literal)
    assert digits(read) == digits(Decimal(literal))
    assert PriceLine.objects.filter(amount=Decimal(literal)).exists()
    assert PriceLine.objects.filter(amount__in=[literal, "5"]).exists()


@pytest.mark.parametrize("literal", LITERALS)
def test_a_json_column_keeps_every_digit(line: PriceLine, literal: str) -> None:
    line.facts = {"price": Decimal(literal), "list": [Decimal(literal)]}
    line.save()

    read = PriceLine.objects.get(pk=line.pk).facts

    assert read == {"price": Decimal(literal), "list": [Decimal(literal)]}


def test_bulk_writes_keep_every_digit(line: PriceLine) -> None:
    amounts = [Decimal(literal) for literal in LITERALS]
    lines = [
        PriceLine(sheet=line.sheet, meter="input", amount=amount, position=n) for n, amount in enumerate(amounts, 10)
    ]

    rows = PriceLine.objects.bulk_create(lines)
    for row, amount in zip(rows, reversed(amounts), strict=True):
        row.amount = amount
    PriceLine.objects.bulk_update(rows, ["amount"])

    read = PriceLine.objects.filter(position__gte=10).order_by("position").values_list("amount", flat=True)
    assert list(read) == amounts[::-1]


@pytest.mark.parametrize("value", [0.1, float("nan"), 1.0])
def test_a_float_is_refused(line: PriceLine, value: float) -> None:
    line.amount = value
    with pytest.raises(TypeError, match="never a float"):
        line.save()


@pytest.mark.parametrize("value", [0.1, {"a": [float("inf")]}, Decimal("NaN"), [Decimal("-Infinity")]])
def test_json_with_an_inexact_number_is_refused(line: PriceLine, value: Any) -> None:
    line.facts = value
    with pytest.raises(ValueError, match=r"float|finite"):
        line.save()


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity"), "NaN", "one", "1e999"])
def test_a_number_that_is_not_finite_is_refused(line: PriceLine, value: Any) -> None:
    line.amount = value
    with pytest.raises(ValidationError):
        line.save()


@pytest.mark.parametrize("lookup", ["lt", "lte", "gt", "gte", "range", "contains", "startswith"])
def test_a_comparison_that_is_wrong_for_text_is_refused(lookup: str) -> None:
    with pytest.raises(FieldError):
        PriceLine.objects.filter(**{f"amount__{lookup}": Decimal(1)}).exists()
    with pytest.raises(FieldError):
        PriceLine.objects.filter(**{f"facts__{lookup}": 1}).exists()


def test_the_value_for_fixtures_has_every_digit(line: PriceLine) -> None:
    line.amount = Decimal("8.333333333333334e-8")
    field = PriceLine._meta.get_field("amount")

    assert field.value_to_string(line) == "0.00000008333333333333334"


def test_none_is_not_zero() -> None:
    group = world.token_group()
    world.rate(group, 0)

    assert GroupRate.objects.get().ratio == 0
    assert not GroupRate.objects.filter(ratio__isnull=True).exists()


def test_a_report_and_a_snapshot_are_read_back_unchanged() -> None:
    source = Source.objects.create(slug="s", name="S")
    content = b'{"price": 8.333333333333334e-8, "\xf0\x9f\x98\x80": null}'
    snapshot = Snapshot.store(source, content)
    run = ImportRun.objects.create(
        source=source, snapshot=snapshot, status="planned", report={"n": 10**30, "emoji": "😀"}
    )

    assert Snapshot.objects.get().content == content
    assert ImportRun.objects.get(pk=run.pk).report == {"n": 10**30, "emoji": "😀"}


def test_a_report_is_compressed_and_keeps_all_digits() -> None:
    source = Source.objects.create(slug="s", name="S")
    snapshot = Snapshot.store(source, b"{}")
    report = {"amount": Decimal("0.000000150000000000000012"), "names": ["gpt-4o"] * 1000, "none": None}
    run = ImportRun.objects.create(source=source, snapshot=snapshot, status="planned", report=report)
    run.refresh_from_db()
    field = ImportRun._meta.get_field("report")

    assert run.report == report
    assert ImportRun.objects.values_list(Length("report"), flat=True).get() < 200
    assert field.to_python(field.value_to_string(run)) == report
    with pytest.raises(InexactError):
        ImportRun(source=source, snapshot=snapshot, report={"amount": 0.1}).save()
    with pytest.raises(FieldError):
        ImportRun.objects.filter(report={})
