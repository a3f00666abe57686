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


@pytest.mark.parametrize(
    ("name", "chinese_name", "shown"),
    [
        ("Alibaba", "", "阿里巴巴（通义千问）"),
        ("Moonshot AI", "", "月之暗面"),
        ("Other", "", "其他"),
        ("OpenAI", "", "OpenAI"),
        ("Acme", "", "Acme"),
        # The operator's own names precede the usual ones.
        ("阿里云百炼", "", "阿里云百炼"),
        ("阿里", "", "阿里"),
        ("Alibaba", "阿里", "阿里"),
        ("Acme", "顶点", "顶点"),
    ],
)
def test_a_vendor_has_a_chinese_name_on_chinese_pages(name: str, chinese_name: str, shown: str) -> None:
    vendor = Vendor(slug="x", name=name, chinese_name=chinese_name)

    assert (vendor.name_in("zh-hans"), vendor.name_in("en")) == (shown, name)


def test_an_import_finds_a_vendor_by_its_chinese_name() -> None:
    acme = world.vendor("acme", name="Acme", chinese_name="顶点")

    assert Vendor.objects.by_spelling()[fold("顶点")] == acme
