"""Rules of catalog rows hold in the database and in forms."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from catalog.models import AIModel, Channel, EndpointType, ModelAlias, Offer, Vendor
from catalog.vendor_matching import fold
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


@pytest.mark.parametrize(
    "name", ["gpt-4o", "a/b:c@d", "模型", "with space", "x", "@cf/meta/llama", "a.b_c-d+e=f", "claude-3.5 (beta)"]
)
def test_a_real_model_id_is_valid(name: str) -> None:
    world.model(name).full_clean()


@pytest.mark.parametrize("name", ["", " a", "a ", "a,b", "a\nb", "a\x00b", "\t", "a\x7f"])
def test_an_id_that_breaks_lists_or_logs_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        AIModel(name=name, vendor=world.vendor()).full_clean()


def test_ids_are_case_sensitive() -> None:
    world.model("GPT-4o")
    world.model("gpt-4o")

    assert AIModel.objects.filter(name="gpt-4o").count() == 1


def test_a_model_cannot_retire_before_it_is_deprecated() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        world.model(deprecated_on=dt.date(2026, 2, 1), retires_on=dt.date(2026, 1, 1))


def test_a_channel_offers_a_model_once() -> None:
    model = world.model()

    with pytest.raises(IntegrityError), transaction.atomic():
        Offer.objects.create(model=model, channel=world.channel())


def test_an_unknown_endpoint_type_is_refused_by_name() -> None:
    model = world.model(supported_endpoint_types=["openai", "telepathy"])

    with pytest.raises(ValidationError, match="telepathy"):
        model.full_clean()


def test_customers_may_call_the_curated_types_even_if_there_are_none() -> None:
    assert world.model("a", public_endpoint_types=None).callable_endpoint_types == ["openai"]
    assert world.model("b", public_endpoint_types=[]).callable_endpoint_types == []
    assert world.model("c", public_endpoint_types=["gemini"]).callable_endpoint_types == ["gemini"]


def test_an_endpoint_type_in_use_cannot_be_deleted() -> None:
    endpoint = EndpointType.objects.get_or_create(name="openai", defaults={"path": "/v1/chat/completions"})[0]
    world.model()

    with pytest.raises(ProtectedError):
        endpoint.delete()


def test_a_longer_name_does_not_keep_a_shorter_one_in_use() -> None:
    world.model(supported_endpoint_types=["openai-response"])
    endpoint = EndpointType.objects.get_or_create(name="openai", defaults={"path": "/v1/chat/completions"})[0]

    assert list(endpoint.models_using()) == []
    endpoint.delete()


@pytest.mark.parametrize("url", ["https://user:pw@host/", "https://token@host/", "https://host/?api_key=x"])
def test_a_channels_address_holds_no_secret(url: str) -> None:
    with pytest.raises(ValidationError, match="stored and shown in plain text"):
        Channel(slug="a", name="A", base_url=url).full_clean()


def test_an_alias_is_not_a_models_id() -> None:
    model = world.model()

    with pytest.raises(ValidationError):
        ModelAlias(name="gpt-4o", model=model).full_clean()


def test_spellings_of_one_vendor_find_it() -> None:
    kuaishou = world.vendor("kuaishou", name="Kuaishou", aliases=["快手", "KLING"])

    vendors = Vendor.objects.by_spelling()

    assert {
        vendors[fold(spelling)]
        for spelling in ("快手", "kling", " Kling ", "\uff2b\uff2c\uff29\uff2e\uff27", "kuaishou")
    } == {kuaishou}
