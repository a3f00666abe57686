"""The starter catalog follows its own rules: known names, dated prices, no accidental price of 0."""

import datetime as dt
import re
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from django.utils.text import slugify

from catalog.models import AIModel, EndpointType, Vendor
from catalog.models.aimodel import MODEL_NAME
from catalog.prices import Line
from catalog.sources import SOURCES, starter, yaml_values
from catalog.sources.records import Record
from catalog.sources.rows import SourceError
from catalog.vendor_matching import known_vendor
from catalog.vocabulary import METERS
from pricing.engine.money import UNITS
from pricing.export import yaml_catalog as yaml_export
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import
from pricing.models import PriceSheet

CONTENT = starter.FILE.read_bytes()
DOCUMENT = starter.read(CONTENT)
FILE_BODY: dict[str, Any] = yaml_values.load(CONTENT)
CHECKED_ON = dt.date.fromisoformat(re.findall(rb"checked on (\S+)\.\n", CONTENT)[0].decode())
# Each source of a price is described in a comment: name, date, address and licence.
DESCRIBED = set(re.findall(r"^# (.+ 20\d\d-\d\d-\d\d): https://", CONTENT.decode(), re.MULTILINE))
PRICED = [record for record in DOCUMENT.records if record.prices]
MODALITIES = {"text", "image", "audio", "video", "pdf", "embedding"}
OPTIONS = Options(source=SOURCES["starter"], channel="starter", publish=True)


def record(name: str) -> Record:
    return next(record for record in DOCUMENT.records if record.name == name)


def test_it_has_many_models_of_many_vendors() -> None:
    assert len(PRICED) >= 60
    assert len({record.vendor for record in PRICED}) >= 12


def test_no_model_appears_twice() -> None:
    assert [name for name, times in Counter(record.name for record in DOCUMENT.records).items() if times > 1] == []


def test_every_popular_model_is_in_it() -> None:
    assert DOCUMENT.structure.popular
    assert set(DOCUMENT.structure.popular) <= {record.name for record in DOCUMENT.records}


@pytest.mark.django_db
def test_every_endpoint_type_is_in_the_registry() -> None:
    known = set(EndpointType.objects.values_list("name", flat=True))

    for record in DOCUMENT.records:
        assert record.supported_endpoint_types, record.name
        assert set(record.supported_endpoint_types) <= known, record.name


def test_it_covers_chat_reasoning_embedding_image_and_audio() -> None:
    outputs = {modality for record in DOCUMENT.records for modality in record.output_modalities or ()}

    assert outputs >= {"text", "embedding", "image", "audio"}
    assert any("reasoning" in (record.capabilities or ()) for record in DOCUMENT.records)
    assert any(record.supported_endpoint_types == ("audio-transcription",) for record in DOCUMENT.records)


def test_every_fact_is_plausible() -> None:
    for record in DOCUMENT.records:
        MODEL_NAME(record.name)
        assert record.released_on is not None
        assert dt.date(2022, 11, 30) <= record.released_on <= CHECKED_ON, record.name
        assert record.retires_on is None or record.retires_on > CHECKED_ON, record.name
        assert record.context_length is None or 1_000 <= record.context_length <= 10_000_000, record.name
        assert record.max_output_tokens is None or 1_000 <= record.max_output_tokens <= 1_000_000, record.name
        assert {*(record.input_modalities or ()), *(record.output_modalities or ())} <= MODALITIES, record.name


def test_a_chat_model_has_limits() -> None:
    for record in DOCUMENT.records:
        if record.output_modalities == ("text",) and record.capabilities:
            assert record.context_length, record.name
            assert record.max_output_tokens != record.context_length, record.name
            assert record.max_input_tokens is None or (
                record.max_input_tokens + (record.max_output_tokens or 0) == record.context_length
            ), record.name


def test_every_price_names_a_described_source_with_its_date() -> None:
    for record in PRICED:
        assert record.prices is not None
        names = [record.prices.facts["source"], *record.prices.facts["confirmed_by"]]
        assert set(names) <= DESCRIBED, record.name


def test_every_amount_is_above_zero_and_has_a_known_meter() -> None:
    """None of these models is free: a 0 would be a mistake."""
    for record in PRICED:
        assert record.prices is not None
        for line in record.prices.lines:
            assert line.meter in METERS, record.name
            assert line.unit in UNITS, record.name
            assert line.amount is not None, record.name
            assert line.amount > 0, record.name


def test_reading_from_a_cache_never_costs_more_than_reading() -> None:
    for record in PRICED:
        assert record.prices is not None
        base = {f.meter: f.amount or Decimal(0) for f in record.prices.lines if not f.conditions}
        if "input.cache_read" in base:
            assert base["input.cache_read"] < base["input"], record.name


def test_a_vendor_has_the_slug_that_other_sources_give_it() -> None:
    """Otherwise the next import would create it a second time."""
    for vendor in FILE_BODY["vendors"]:
        known = known_vendor(vendor["name"])
        assert vendor["slug"] == (known.slug if known else slugify(vendor["name"]))


def test_every_vendor_has_a_model() -> None:
    assert {vendor["name"] for vendor in FILE_BODY["vendors"]} == {record.vendor for record in DOCUMENT.records}


def test_a_long_prompts_price_is_a_conditional_line() -> None:
    prices = record("gpt-5.5").prices

    assert prices is not None
    assert (
        Line(
            "input",
            Decimal(10),
            1_000_000,
            "token",
            conditions=({"dim": "prompt_tokens", "op": "gt", "value": 272_000},),
        )
        in prices.lines
    )


@pytest.mark.parametrize("content", [b'{"data": []}', b"[]", b"format: 1", b"format: modelbook/1\nmodels: 7"])
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(SourceError):
        starter.read(content)


@pytest.mark.django_db
def test_importing_it_publishes_every_model_with_its_price() -> None:
    apply_import(CONTENT, OPTIONS, at=timezone.now())

    names = {record.name for record in DOCUMENT.records}
    assert set(AIModel.objects.published().values_list("name", flat=True)) == names
    assert PriceSheet.objects.filter(role="list").count() == len(PRICED)
    assert Vendor.objects.get(slug="zhipu").name == "Zhipu AI"
    assert not AIModel.objects.filter(vendor__slug=Vendor.OTHER).exists()


@pytest.mark.django_db
def test_importing_it_again_changes_nothing() -> None:
    first, _ = apply_import(CONTENT, OPTIONS, at=timezone.now())

    again, run = apply_import(CONTENT, OPTIONS, at=timezone.now())

    assert first.findings.by_sentence == {}
    assert again.is_empty
    assert run is None


@pytest.mark.django_db
def test_the_export_writes_the_same_entries() -> None:
    """The file has the export's format, and importing it changes nothing but the publication."""
    apply_import(CONTENT, OPTIONS, at=timezone.now())

    exported = yaml_values.load(bytes(yaml_export.render(at=timezone.now())))

    published = {
        model["name"]: model | {"status": "published", "in_price_list": "true", "listed": "true"}
        for model in FILE_BODY["models"]
    }
    assert {model["name"]: model for model in exported["models"]} == published
    assert exported["popular"] == FILE_BODY["popular"]
    vendors = {vendor["slug"]: vendor for vendor in exported["vendors"]}
    for vendor in FILE_BODY["vendors"]:
        assert vendors[vendor["slug"]] | vendor == vendors[vendor["slug"]]


@pytest.mark.django_db
def test_importing_it_again_overwrites_no_edit() -> None:
    """The yaml source would overwrite it, because it is trusted as written by hand."""
    apply_import(CONTENT, OPTIONS, at=timezone.now())
    Vendor.objects.filter(slug="zhipu").update(name="Z.ai", icon="Z")

    apply_import(CONTENT, OPTIONS, at=timezone.now())

    assert Vendor.objects.filter(slug="zhipu", name="Z.ai", icon="Z").exists()
