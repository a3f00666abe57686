"""English and Simplified Chinese: chosen by the browser or the address, complete, and compiled from its source."""

import gettext
import re
from ast import literal_eval
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext as gettext_of

from catalog.models import EndpointType
from pricing.engine.formatting import conditions, labels
from pricing.pages import formatting
from tests import world
from tests.pricing.pages import shop

PRICING = Path(formatting.__file__).parents[1]
SOURCE = PRICING / "locale/zh_Hans/LC_MESSAGES/django.po"
ENTRY = re.compile(
    r"^(?:msgctxt (?P<context>.+)\n)?msgid (?P<text>.+)\n(?:msgid_plural .+\n)?msgstr(?:\[0\])? (?P<translated>.+)$",
    re.MULTILINE,
)
LITERAL = r'("(?:[^"\\]|\\.)*")'
# (context, text); most texts have an empty context.
Text = tuple[str, str]


def translations() -> dict[Text, str]:
    entries = ENTRY.finditer(SOURCE.read_text())
    entries_by_text = {
        (literal_eval(entry["context"] or '""'), literal_eval(entry["text"])): literal_eval(entry["translated"])
        for entry in entries
    }
    entries_by_text.pop(("", ""), None)
    return entries_by_text


def texts_of_templates() -> set[Text]:
    folders = (PRICING / "templates/pricing/pages", PRICING / "templates/pricing/docs")
    templates = "".join(path.read_text() for folder in folders for path in folder.rglob("*.html"))
    texts = {
        (context, text) for text, context in re.findall(r'{% translate "([^"]+)"(?: context "([^"]+)")? %}', templates)
    }
    blocks = re.findall(r"{% blocktranslate.*?%}(.*?)(?:{% plural %}.*?)?{% endblocktranslate %}", templates, re.DOTALL)
    return texts | {("", re.sub(r"{{ (\w+) }}", r"%(\1)s", block.strip())) for block in blocks}


def texts_of_code() -> set[Text]:
    names = ("pages", "docs", "engine/formatting", "verification", "api/changes")
    folders = [PRICING / name for name in names]
    code = "".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))
    texts = {
        ("", literal_eval(text)) for text in re.findall(rf"(?:\b_|gettext_noop|ngettext)\(\s*{LITERAL}\s*[,)]", code)
    }
    for context, text in re.findall(rf"pgettext\(\s*{LITERAL},\s*{LITERAL}\s*\)", code):
        texts.add((literal_eval(context), literal_eval(text)))
    texts |= {("time zone", name) for name in conditions.ZONES}
    for one, several in labels.UNITS.values():
        texts |= {("per", one), ("number", several), ("field", several)}
    return texts


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "en"), ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans"), ("", "zh-TW", "zh-Hans"), ("", "fr,de", "en"),
        ("", "en-GB,zh", "en"), ("?lang=zh", "en", "zh-Hans"), ("?lang=en", "zh", "en"), ("?lang=xx", "zh", "zh-Hans"),
        ("?lang=zh_CN", "en", "zh-Hans"), ("?lang=zh-CN", "en", "zh-Hans"), ("?lang=zh-Hans-CN", "en", "zh-Hans"),
        ("?lang=zh_TW", "en", "zh-Hans"), ("?lang=cn", "en", "zh-Hans"), ("?lang=CN", "en", "zh-Hans"),
        ("?lang=zh-SG", "en", "zh-Hans"), ("?lang=ZH", "en", "zh-Hans"), ("?lang=en_US", "zh", "en"),
        ("?lang=zhx", "en", "en"), ("?lang=../zh", "en", "en"), ("", "zh_CN,en;q=0.5", "zh-Hans"), ("", "*", "en"),
    ],
)  # fmt: skip
def test_the_address_chooses_the_language_before_the_browser(
    client: Client, query: str, header: str, language: str
) -> None:
    page = shop.get(client, f"/{query}", **{"accept-language": header})

    assert f'<html lang="{language}">' in page
    assert ("模型价格" in page) == (language == "zh-Hans")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "header", "language"),
    [
        ("", "", "zh-Hans"),
        ("", "fr,de", "zh-Hans"),
        ("", "en", "en"),
        ("?lang=en", "", "en"),
        ("?lang=xx", "", "zh-Hans"),
    ],
)
def test_the_site_chooses_the_language_of_visitors_who_choose_none(
    client: Client, settings: Any, query: str, header: str, language: str
) -> None:
    settings.DEFAULT_LANGUAGE = "zh-hans"

    assert f'<html lang="{language}">' in shop.get(client, f"/{query}", **{"accept-language": header})


@pytest.mark.django_db
def test_a_page_links_to_the_feed_in_its_language(client: Client, settings: Any) -> None:
    feed = re.compile(r'href="(/api/pricing/changes.atom[^"]*)"')

    assert {*feed.findall(shop.get(client, "/?lang=zh"))} == {"/api/pricing/changes.atom?lang=zh"}
    assert {*feed.findall(shop.get(client, "/"))} == {"/api/pricing/changes.atom"}
    settings.DEFAULT_LANGUAGE = "zh-hans"
    assert {*feed.findall(shop.get(client, "/?lang=en"))} == {"/api/pricing/changes.atom?lang=en"}


@pytest.mark.django_db
def test_links_repeat_the_chosen_language_and_group(client: Client) -> None:
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
    assert "输入 > 200,000 tokens $2.50 $15.00" in text
    assert "网页搜索 $14.00 每1,000 次请求" in text
    assert "参考价 $0.04 / 张" in shop.row(shop.get(client, "/?lang=zh"), "picture-one")


@pytest.mark.django_db
def test_chinese_pages_have_chinese_words_for_facts_and_endpoints(client: Client) -> None:
    EndpointType.objects.filter(name="anthropic").update(label="Our own")
    model = world.model("gpt", capabilities=["effort", "effort_low", "effort_high"])
    model.supported_endpoint_types = ["openai", "anthropic"]
    model.save()
    priority = [{"dim": "service_tier", "op": "eq", "value": "priority"}]
    world.line(world.price(model, input="1"), "input", "2", conditions=priority)

    text = shop.text_of(shop.get(client, "/models/gpt?lang=zh"))

    assert "思考强度（低、高）" in text
    assert "服务等级：优先" in text
    assert "对话补全" in text
    assert "Our own" in text
    assert not re.search("effort|priority|Chat completions", text)


def test_every_text_of_the_pages_is_translated() -> None:
    used = texts_of_templates() | texts_of_code()
    assert len(used) > 300

    known = translations()
    assert used - known.keys() == set()
    assert known.keys() - used == set(), "texts that no page shows any more"
    assert all(known[text] for text in used)


def test_the_compiled_texts_are_those_of_the_source() -> None:
    with SOURCE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    for (context, text), translated in translations().items():
        translation = compiled.pgettext(context, text) if context else compiled.gettext(text)
        assert translated in (translation, compiled.ngettext(text, "", 2)), text


def test_no_translation_loses_a_placeholder() -> None:
    for (_context, text), translated in translations().items():
        # A sentence may name one twice: 不足 60 秒按 60 秒计费.
        assert {*re.findall(r"%\(\w+\)s|#", text)} == {*re.findall(r"%\(\w+\)s|#", translated)}, text


def test_words_that_the_admin_and_libraries_translate_too_are_those_of_the_pages() -> None:
    with translation.override("zh-hans"):
        assert [gettext_of(text) for text in ("Filters", "Remove", "Search")] == ["筛选", "移除", "搜索"]
