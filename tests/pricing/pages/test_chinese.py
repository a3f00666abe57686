"""Every public page in Chinese, with all kinds of prices: no English, and only Chinese punctuation and spaces."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.utils import timezone

from catalog.models import AIModel, ModelAlias
from pricing.models import CurrencyRate, DiscountRule, PopularModel
from pricing.pages.failures import unavailable
from tests import world
from tests.pricing.pages import shop
from tests.pricing.pages.chinese import faults, texts_of
from tests.pricing.verification import books

pytestmark = pytest.mark.django_db

WEEK = dt.timedelta(days=7)
NIGHT = {
    "tz": "Asia/Shanghai",
    "windows": [
        {"weekdays": [1, 2, 3, 4, 5], "hours": ["00:30-08:30"]},
        {"weekdays": [6, 7], "hours": ["00:00-24:00"]},
    ],
}
# Values of each dimension that sources state.
CASES: tuple[tuple[str, Any], ...] = (
    ("service_tier", "priority"), ("resolution", "1080*1920"), ("quality", "high"), ("duration_bucket", "10"),
    ("mode", "pro"), ("capability_bucket", "start_end"), ("reference_count_bucket", "1-14 refs"),
    ("output_format", "png/jpg"), ("region", "us"), ("has_audio", True), ("has_video_input", False), ("time", NIGHT),
    ("thinking", "adaptive"), ("effort", "low"), ("route", "regional_endpoint"), ("policy", "wordPolicyUnits"),
)  # fmt: skip
SPECIAL = (
    {"kind": "allowance", "meter": "web_search", "amount": "1500", "unit": "query", "facts": {"period": "day"}},
    {"kind": "allowance", "meter": "storage", "amount": "2", "unit": "gb_day", "facts": {"period": "month"}},
    {"kind": "minimum", "meter": "input.audio", "amount": "60", "unit": "second"},
    {
        "kind": "multiplier",
        "meter": "",
        "amount": "1.5",
        "conditions": [{"dim": "effort", "op": "eq", "value": "high"}],
    },
)
# Names that the data contains, in the languages in which operators wrote them.
NAMES = (
    "LiteLLM", "models.dev", "Tiered Pro", "heir", "latest", "openai", "openai-response", "anthropic", "gemini",
    "embeddings", "image-generation",
)  # fmt: skip
MODELS = (
    "tiered-pro", "picture-one", "cases", "special", "by-the-call", "video-second", "free", "dynamic", "included",
    "unpriced", "one-sided", "yuan", "changing", "discounted", "gone", "leaving", "old", "wild-*", "rich", "gpt-5",
)  # fmt: skip


def sell(name: str, *lines: dict[str, Any], **fields: Any) -> AIModel:
    model = world.model(name, **fields)
    sheet = world.price(model)
    for line in lines:
        values: dict[str, Any] = {"per": 1, "unit": "token"} | line
        world.line(sheet, **values)
    return model


@pytest.fixture
def _models() -> None:
    now, zhipu = timezone.now(), world.vendor("zhipu", name="Zhipu AI")
    vip = world.token_group("vip", label="贵宾", is_public=True)
    world.vendor("openai", name="OpenAI")
    vip.channels.add(world.channel("main"))
    world.rate(vip, "0.8")
    shop.tiered(vendor=zhipu, capabilities=["tools", "effort_low", "effort_high", "thinking_adaptive", "audio_input"])
    shop.image_rules("picture-one")
    conditions = [{"dim": dim, "op": "eq", "value": value} for dim, value in CASES]
    sell(
        "cases",
        *({"meter": "output", "amount": str(number + 1), "per": 1_000_000, "conditions": [condition]}
          for number, condition in enumerate(conditions)),
        {"meter": "output", "amount": "9", "per": 1_000_000, "conditions": [conditions[0], conditions[8]]},
        {"meter": "output", "amount": "8", "per": 1_000_000,
         "conditions": [conditions[8] | {"op": "ne", "value": "eu"}]},
        {"meter": "input", "amount": "1", "per": 1_000_000},
        {"meter": "input.cache_write", "amount": "2", "per": 1_000_000,
         "conditions": [{"dim": "cache_ttl", "op": "eq", "value": "1h"}]},
    )  # fmt: skip
    sell("special", {"meter": "input", "amount": "1", "per": 1_000_000}, *SPECIAL)
    sell("by-the-call", *({"meter": meter, "amount": "0.01", "unit": unit} for meter, unit in (
        ("request", "request"), ("web_search", "query"), ("code_session", "session"), ("ocr", "page"),
        ("storage", "gb_day"), ("cache_storage", "token_hour"), ("output.image", "megapixel"),
        ("input.text", "character"),
    )))  # fmt: skip
    sell("video-second", {"meter": "output.video", "amount": "0.2", "unit": "second"}, output_modalities=["video"])
    sell("free", {"meter": "input", "amount": "0"}, {"meter": "output", "amount": "0"})
    for kind in ("dynamic", "included"):
        sell(kind, {"meter": "", "amount": None, "kind": kind, "unit": ""})
    world.model("unpriced")
    sell("one-sided", {"meter": "input", "amount": "1", "per": 1_000_000})
    world.price(world.model("yuan", vendor=zhipu), currency="CNY", input="4", output="16")
    CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(7), as_of=dt.date(2026, 1, 1))
    steps = ((now - 9 * WEEK, "3", "12"), (now - 5 * WEEK, "2", "12"), (now + WEEK, "1.5", "9"))
    shop.changed(steps=steps)
    discounted = world.model("discounted")
    world.price(discounted, role="list", input="10", output="20")
    DiscountRule.objects.create(model=discounted, multiplier=Decimal("0.9"), starts_at=now - WEEK)
    heir, today = world.model("heir"), now.date()
    world.price(heir, input="1", output="2")
    past, later = today - WEEK, today + WEEK
    for name, day, fields in (
        ("gone", past, {"successor": heir, "forwards_to_successor": True}),
        ("leaving", later, {"successor": heir, "forwards_to_successor": True}), ("old", None, {"deprecated_on": past}),
    ):  # fmt: skip
        world.price(world.model(name, retires_on=day, **fields), input="1", output="2")
    world.price(world.model("wild-*"), input="1", output="2")
    rich = world.model(
        "rich", vendor=world.vendor("acme", name="Acme", chinese_name="顶点"), context_length=128_000,
        max_input_tokens=96_000, max_output_tokens=8000, input_modalities=["text", "image", "audio", "pdf"],
        output_modalities=["text", "embedding"], released_on=past, tags=["推荐"], description="适合长文档的模型。",
        supported_endpoint_types=["openai", "embeddings", "openai-response", "anthropic", "gemini"],
    )  # fmt: skip
    world.price(rich, input="1", output="2")
    ModelAlias.objects.create(name="latest", model=rich)
    PopularModel.objects.create(model=rich, position=1)
    world.channel("c")
    books.store("litellm", books.litellm(gpt_5="2.5e-06"))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 2.5, "output": 12}))


def check(*pages: str) -> None:
    names = {*NAMES, *AIModel.objects.values_list("name", flat=True)}
    found = dict.fromkeys(fault for html in pages for fault in faults(html, names=names))
    assert all('<html lang="zh-Hans">' in html for html in pages)
    assert not found, "\n".join(found)


def get(client: Client, path: str) -> str:
    return client.get(f"{path}{'&' if '?' in path else '?'}lang=zh", headers=shop.BROWSER).content.decode()


@pytest.mark.usefixtures("_models")
def test_lists_and_comparisons_are_chinese(client: Client) -> None:
    for query in ("", "currency=CNY&per=1K", "q=yuan", "q=zzz", "context=100000&price=3&capability=tools", "sort=price",
                  "group=vip&vendor=zhipu"):  # fmt: skip
        check(get(client, f"/?{query}"))
    for start in range(0, len(MODELS), 6):
        names = "&".join(f"m={name}" for name in MODELS[start : start + 6])
        check(get(client, f"/compare?{names}"))
    check(get(client, "/compare?currency=CNY&per=1K&m=yuan&m=tiered-pro"))
    check(get(client, "/compare"))
    check(get(client, "/nothing"))


@pytest.mark.usefixtures("_models")
@pytest.mark.parametrize("query", ["", "u.input=100000&u.output=1,5", "u.input=300000&n=3&group=vip&currency=CNY"])
def test_model_pages_are_chinese(client: Client, settings: Any, query: str) -> None:
    for name in MODELS:
        check(get(client, f"/models/{name}?{query}"))
    settings.PUBLIC_BASE_URL, settings.PAGES_TIME_ZONE = "https://api.example.com", "Asia/Shanghai"
    check(get(client, f"/models/changing?{query}"))


def test_an_empty_list_and_failures_are_chinese(client: Client, settings: Any, rf: RequestFactory) -> None:
    check(get(client, "/"))
    settings.VISITORS_PER_MINUTE = 1
    pages = [get(client, "/compare") for _ in range(3)]
    assert "请求过多" in pages[-1]
    check(pages[-1])
    check(unavailable(rf.get("/?lang=zh", headers=shop.BROWSER), OperationalError("gone")).content.decode())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("免费 models", "English ['models']"), ("文本, 图片", "ASCII punctuation"), ("输入(缓存)", "ASCII punctuation"),
        ("文本: 图片", "ASCII punctuation"), ("完成.", "ASCII punctuation"), ("一个。 两个", "a space beside"),
        ("一个 两个", "a space between"), ("一个。。", "two marks"), ("<p>一个。 <a>两个</a></p>", "a space beside"),
        ('<input placeholder="Search 模型">', "English ['Search']"),
        ('<p data-many="# models 个">', "English ['models']"),
    ],
)  # fmt: skip
def test_each_fault_is_found(text: str, fault: str) -> None:
    assert next(faults(text)).startswith(fault)


def test_names_code_and_units_are_no_faults() -> None:
    html = "<p>128K tokens（UTC）：<b>gpt-5</b>、$2.50 / 百万 tokens</p><p><a>一</a> <a>二</a></p><code>if x: y</code>"

    assert texts_of(html) == ["128K tokens（UTC）：gpt-5、$2.50 / 百万 tokens", "一", "二"]
    assert not list(faults(html, names=["gpt-5"]))


# Model -> what its page says, in the terms that Chinese readers know.
TEXTS = {
    "special": ("每天免费 1,500 次网页搜索", "音频输入：不足 60 秒按 60 秒计费"),
    "cases": (
        "周一至周五 00:30–08:30；周六、周日全天（北京时间）", "缓存写入（1 小时）", "时长：10 秒",
        "参考图数量：1–14 张", "任务类型：首尾帧", "模式：高品质", "分辨率：1080×1920",
    ),
    "by-the-call": ("$0.01 / 次",),
    "video-second": ("$0.20 / 秒",),
    "yuan": ("¥4.00", "智谱"),
    "tiered-pro": ("百万 tokens", "输入 &gt; 200,000 tokens", "思考强度（低、高）、自适应思考、音频输入"),
    "rich": ("文本、图片、音频、PDF", "顶点"),
    "leaving": ("替代模型：<a ",),
}  # fmt: skip


@pytest.mark.usefixtures("_models")
def test_texts_are_those_that_chinese_readers_know(client: Client) -> None:
    pages = {name: get(client, f"/models/{name}") for name in TEXTS}

    assert [text for name, texts in TEXTS.items() for text in texts if text not in pages[name]] == []
