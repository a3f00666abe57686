"""A vendor is found by each of its spellings."""

import pytest

from catalog.models import Vendor
from catalog.vendor_matching import fold
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def test_spellings_of_one_vendor_find_it() -> None:
    kuaishou = world.vendor("kuaishou", name="Kuaishou", aliases=["快手", "KLING"])

    vendors = Vendor.objects.by_spelling()

    assert {
        vendors[fold(spelling)]
        for spelling in ("快手", "kling", " Kling ", "\uff2b\uff2c\uff29\uff2e\uff27", "kuaishou")
    } == {kuaishou}
