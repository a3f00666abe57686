"""English and Simplified Chinese: chosen by the browser or the address, complete, and compiled from its source."""

import gettext
import re
from ast import literal_eval
from pathlib import Path

import pytest
from django.test import Client

from catalog.models import EndpointType
from pricing.pages import formatting
from tests import world
from tests.pricing.pages import shop

PRICING = Path(formatting.__file__).parents[1]
SOURCE = PRICING / "locale/zh_Hans/LC_MESSAGES/django.po"
ENTRY = re.compile(r'^msgid (.+)\n(?:msgid_plural (.+)\n)?msgstr(?:\[0\])? ((?:".*"\n?)+)', re.MULTILINE)


def translations() -> dict[str, str]:
    found = ENTRY.findall(SOURCE.read_text())
    return {literal_eval(one): "".join(map(literal_eval, text.split("\n")[:-1])) for one, _many, text in found}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "en"), ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"), ("", "zh-TW", "zh-Hans"), ("", "fr,de", "en"),
        ("", "en-GB,zh", "en"), ("?lang=zh", "en", "zh-Hans"), ("?lang=en", "zh", "en"), ("?lang=xx", "zh", "zh-Hans"),
    ],
)  # fmt: skip
def test_the_address_chooses_then_the_browser(client: Client, query: str, header: str, language: str) -> None:
    page = shop.get(client, f"/{query}", **{"accept-language": header})

    assert f'<html lang="{language}">' in page
    assert ("模型与价格" in page) == (language == "zh-Hans")


@pytest.mark.django_db
def test_a_language_and_a_group_once_chosen_go_along(client: Client) -> None:
    world.model("gpt-4o")

    page = shop.get(client, "/?lang=zh&group=default&q=gpt")

    assert 'href="/models/gpt-4o?group=default&amp;lang=zh"' in page
    assert 'href="/?q=gpt&amp;group=default&amp;lang=en" lang="en"' in page
    assert '<input type="hidden" name="lang" value="zh">' in page


@pytest.mark.django_db
def test_chinese_pages_have_chinese_words_for_prices(client: Client) -> None:
    shop.tiered()
    shop.image_rules()

    text = shop.text_of(shop.get(client, "/models/tiered-pro?lang=zh"))
    assert "提示超过 200,000 token $2.50 $15.00" in text
    assert "网页搜索 $14.00 每 1,000 次请求" in text
    assert "例如 $0.04 每图片" in shop.row(shop.get(client, "/?lang=zh"), "picture-one")


@pytest.mark.django_db
def test_chinese_pages_have_chinese_words_for_facts_and_endpoints(client: Client) -> None:
    EndpointType.objects.filter(name="anthropic").update(label="Our own")
    model = world.model("gpt", capabilities=["effort", "effort_low", "effort_high"])
    model.supported_endpoint_types = ["openai", "anthropic"]
    model.save()
    priority = [{"dim": "service_tier", "op": "eq", "value": "priority"}]
    world.line(world.price(model, input="1"), "input", "2", conditions=priority)

    text = shop.text_of(shop.get(client, "/models/gpt?lang=zh"))

    assert "推理强度 (低, 高)" in text
    assert "服务等级 优先" in text
    assert "对话补全" in text
    assert "Our own" in text
    assert not re.search("effort|priority|Chat completions", text)


def test_every_text_of_the_pages_is_translated() -> None:
    templates = "".join(path.read_text() for path in (PRICING / "templates/pricing/pages").glob("*.html"))
    code = "".join(path.read_text() for path in (PRICING / "pages").rglob("*.py"))
    used = set(re.findall(r'{% translate "([^"]+)"', templates))
    for block in re.findall(
        r"{% blocktranslate.*?%}(.*?)(?:{% plural %}.*?)?{% endblocktranslate %}", templates, re.DOTALL
    ):
        used.add(re.sub(r"{{ (\w+) }}", r"%(\1)s", block.strip()))
    used |= {literal_eval(text) for text in re.findall(r'(?:\b_|gettext_noop)\(\s*("[^"]+")\s*\)', code)}
    assert len(used) > 150

    known = translations()
    assert used - known.keys() == set()
    assert known.keys() - used - {""} == set(), "texts that no page shows any more"
    assert all(known[text] for text in used)


def test_the_compiled_texts_are_those_of_the_source() -> None:
    with SOURCE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    for text, translated in translations().items():
        if text:
            assert compiled.gettext(text) == translated or compiled.ngettext(text, "", 2) == translated, text


def test_no_translation_loses_a_placeholder() -> None:
    for text, translated in translations().items():
        if text:
            assert sorted(re.findall(r"%\(\w+\)s|#", text)) == sorted(re.findall(r"%\(\w+\)s|#", translated)), text
