"""Names and texts of imports are hostile until shown as text; so are the parameters of an address."""

import re
from urllib.parse import quote, urlencode

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory

from pricing.pages.failures import unavailable
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><svg onload=alert(1)>",
    "{{ 7|add:7 }}{% now 'Y' %}",
    "javascript:alert(1)//",
    "</script><script>alert(1)</script>",
    "&lt;b&gt;",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_imported_html_is_escaped(client: Client, payload: str) -> None:
    model = world.model(
        f"x{payload}", display_name=payload, vendor=world.vendor("evil", name=payload), description=payload,
        series=payload[:64], tags=[payload], capabilities=[payload], input_modalities=[payload],
        output_modalities=[payload],
    )  # fmt: skip
    sheet = world.price(model, input="1", output="2")
    condition = {"dim": payload, "op": "eq", "value": payload}
    world.line(sheet, "input", "3", conditions=[condition])
    world.line(sheet, "output", "3", conditions=[{"dim": "service_tier", "op": "eq", "value": payload}])

    for path in ("/", f"/models/{quote(model.name)}", f"/compare?{urlencode({'m': model.name})}"):
        html = shop.get(client, path)
        assert_harmless(html)
        assert " ".join(payload.split()) in shop.text_of(html)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_html_in_an_address_is_escaped(client: Client, payload: str) -> None:
    shop.tiered()
    names = ("q", "vendor", "endpoint", "capability", "context", "price", "sort", "group", "lang", "m", "unknown")

    assert_harmless(shop.get(client, "/?" + urlencode(dict.fromkeys(names, payload))))
    query = urlencode({"u.input": payload, "f.service_tier": payload, "n": payload, f"u.{payload}": "1"})
    assert_harmless(shop.get(client, f"/models/tiered-pro?{query}"))
    assert_harmless(shop.get(client, f"/compare?{urlencode({'m': payload, 'group': payload})}"))


def assert_harmless(html: str) -> None:
    assert "<script>" not in html
    assert "<img src=x" not in html
    assert "<svg onload" not in html
    assert " onmouseover='" not in html
    assert 'href="javascript' not in html
    own = re.findall(
        r'<script src="/assets/[^"]+" defer></script>|<script type="application/ld\+json">[^<]*</script>', html
    )
    assert html.count("<script") == len(own) > 0
    assert html.count("</title>") == 1


def test_an_address_with_a_thousand_parameters_is_rejected_or_read_in_part(client: Client) -> None:
    world.model("gpt-4o")
    query = "&".join(f"m=model-{number}" for number in range(1500))

    assert client.get(f"/compare?{query}", headers=shop.BROWSER).status_code == 400
    assert client.get("/?q=" + "a" * 5000, headers=shop.BROWSER).status_code == 200
    assert client.get("/?q=%00&vendor=%ff", headers=shop.BROWSER).status_code == 200


@pytest.mark.parametrize(
    ("path", "link"),
    [("//evil.example/x", "/%2Fevil.example/x"), ("/x?y#z", "/x%3Fy%23z"), ("/models/<b>", "/models/%3Cb%3E")],
)
def test_links_of_a_page_without_a_database_lead_to_it(path: str, link: str) -> None:
    request = RequestFactory().get("/?q=1", headers=shop.BROWSER)
    request.path = path

    html = unavailable(request, OperationalError()).content.decode()

    assert_harmless(html)
    assert html.count(f'href="{link}?q=1') > 1
    assert f'href="{path}' not in html
