"""Rules of channels and offers hold in the database and in forms."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from catalog.models import Channel, Offer
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def test_a_channel_offers_a_model_once() -> None:
    model = world.model()

    with pytest.raises(IntegrityError), transaction.atomic():
        Offer.objects.create(model=model, channel=world.channel())


@pytest.mark.parametrize("url", ["https://user:pw@host/", "https://token@host/", "https://host/?api_key=x"])
def test_a_channels_address_holds_no_secret(url: str) -> None:
    with pytest.raises(ValidationError, match="stored and shown in plain text"):
        Channel(slug="a", name="A", base_url=url).full_clean()
