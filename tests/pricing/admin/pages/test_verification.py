"""The admin's comparison with price books: states, filters, pages, and adopting a figure."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog.models import AIModel
from pricing.models import PriceSheet
from tests import admin_world, world
from tests.pricing.verification import books

pytestmark = pytest.mark.django_db

PAGE = "/admin/verification/"


@pytest.fixture(autouse=True)
def prices() -> None:
    world.channel("c")
    books.store("litellm", books.litellm(gpt_5="2.5e-06", gpt_4="3e-05"))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 3, "output": 10, "cache_read": 0.25}))
    books.hold("genai_prices", books.genai_prices(gpt_5={"input_mtok": 3, "output_mtok": 10}))


def operator(*permissions: str) -> Client:
    user = User.objects.create_user("mia", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def rows(page: str) -> list[str]:
    """The text of each row of the table."""
    bodies = re.findall(r"<tr class=\"border-t.*?</tr>", page, re.DOTALL)
    return [" ".join(re.sub("<[^>]+>", " ", body).split()) for body in bodies]


def get(client: Client, query: str = "") -> str:
    answer = client.get(f"{PAGE}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_differences_are_shown_first(admin_client: Client) -> None:
    (row,) = rows(get(admin_client))

    assert row.startswith(
        "gpt-5 Input $2.50 per million tokens quorum disagrees agrees $3.00 per million tokens +20% since"
    )
    assert row.count("Adopt") == 2


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("?show=only_source", ["gpt-5 Cached input"]),
        ("?show=agrees", ["gpt-4 Input", "gpt-4 Output", "gpt-5 Output"]),
        ("?show=agrees&q=GPT-5", ["gpt-5 Output"]),
        ("?show=older", []),
        ("?show=quorum", ["gpt-5 Input"]),
        ("?show=unknown", ["gpt-5 Input"]),
    ],
)
def test_states_and_ids_filter_the_rows(admin_client: Client, query: str, labels: list[str]) -> None:
    assert [row.split(" $")[0].split(" none")[0] for row in rows(get(admin_client, query))] == labels


def test_long_lists_have_pages(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pricing.admin.pages.verification.ROWS_A_PAGE", 2)

    page = get(admin_client, "?show=all&page=2")

    assert len(rows(page)) == 2
    assert "Page 2 of 3" in page


def test_it_takes_few_queries(admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    get(admin_client)
    with django_assert_max_num_queries(45):
        get(admin_client)


def test_a_click_adopts_a_figure_after_a_confirmation() -> None:
    client = operator("view_pricesheet", "add_pricesheet")
    address = adoption_address(get(client))

    page = client.get(address).content.decode()
    assert "$2.50 per million tokens" in page
    assert "$3.00 per million tokens" in page
    seen = field(page, "seen")
    assert PriceSheet.objects.filter(role="list", model__name="gpt-5").count() == 1
    answer = admin_world.post_confirmed(
        client, address, {"seen": seen, "reason": "Checked on the vendor's page"}, follow=True
    )

    assert "Input: $2.50 per million tokens → $3.00 per million tokens" in answer.content.decode()
    sheet = PriceSheet.objects.filter(model__name="gpt-5").latest("pk")
    assert sheet.lines.get(meter="input").amount == Decimal(3)
    assert sheet.lines.get(meter="output").amount == Decimal("0.00001")
    assert (sheet.author, sheet.reason) == (User.objects.get(username="mia"), "Checked on the vendor's page")
    assert "quorum disagrees" not in get(client)


def test_the_import_run_shows_the_adopted_figure(admin_client: Client) -> None:
    address = adoption_address(get(admin_client))
    admin_world.post(admin_client, address, {"seen": field(admin_client.get(address).content.decode(), "seen")})

    run = PriceSheet.objects.latest("pk").run
    assert run is not None
    page = admin_client.get(f"/admin/catalog/importrun/{run.pk}/change/").content.decode()

    assert "Changed prices" in page
    assert "gpt-5: Input $2.50 per million tokens → $3.00 per million tokens" in page


def test_an_outdated_confirmation_writes_nothing() -> None:
    client = operator("view_pricesheet", "add_pricesheet")
    address = adoption_address(get(client))
    world.price(
        AIModel.objects.get(name="gpt-5"), role="list", input="1", starts_at=PriceSheet.objects.latest("pk").starts_at
    )
    count = PriceSheet.objects.count()

    page = client.post(address, {"seen": "1-2", "reason": ""}).content.decode()

    assert "has changed since you opened the page" in page
    assert PriceSheet.objects.count() == count


def test_permissions_are_needed() -> None:
    assert operator().get(PAGE).status_code == 403


def test_a_viewer_cannot_adopt() -> None:
    client = operator("view_pricesheet")
    page = get(client)
    assert "Adopt" not in page

    address = f"{PAGE}{AIModel.objects.get(name='gpt-5').pk}/{'0' * 16}/models_dev/"
    assert client.get(address).status_code == 403
    assert client.post(address, {"seen": ""}).status_code == 403


@pytest.mark.parametrize("end", ["0/a/models_dev/", "1/a/csv/"])
def test_an_unknown_model_or_book_is_not_found(admin_client: Client, end: str) -> None:
    assert admin_client.get(f"{PAGE}{end}").status_code == 404


def test_a_figure_that_is_gone_is_reported(admin_client: Client) -> None:
    key = AIModel.objects.get(name="gpt-5").pk

    assert "no longer states another figure" in admin_client.get(f"{PAGE}{key}/abc/models_dev/").content.decode()


def test_without_documents_the_page_says_so(admin_client: Client) -> None:
    assert '<strong class="text-important">OpenRouter</strong> no stored document' in get(admin_client)


def adoption_address(page: str) -> str:
    addresses: list[str] = re.findall(r'href="([^"]+)"', page)
    return next(address for address in addresses if address.endswith("/models_dev/"))


def field(page: str, name: str) -> str:
    match = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert match
    return str(match[1])
