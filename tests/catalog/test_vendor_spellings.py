"""Vendors are recognized in the spellings of Chinese gateways and price lists."""

import pytest

from catalog.vendor_matching import vendor_key, vendor_of_name
from catalog.vendor_names import CHINESE_NAMES, KNOWN_VENDORS, PLATFORMS

SPELLINGS = {
    "openai": "OpenAI官方 ＯｐｅｎＡＩ OpenAI公司 Azure-OpenAI OpenAI/Azure ChatGPT GPT系列 OpenAI（官转）"
    " 【OpenAI】 OpenAI官轉 OpenAI限时特价 美国OpenAI OpenAI企业版",
    "anthropic": "Claude Anthropic(Claude) Claude官转 Anthropic-Claude Claude系列 AWS-Claude",
    "google": "谷歌 谷歌Gemini Google-Gemini 谷歌（Gemini） Gemini官方",
    "microsoft": "微软 微软公司 Microsoft（微软） 微軟",
    "amazon": "亚马逊 Amazon（亚马逊） 亞馬遜",
    "meta": "脸书 Meta(Llama) Meta-Llama Llama 臉書",
    "nvidia": "英伟达 NVIDIA（英伟达） 英偉達",
    "xai": "xAI(Grok) x.ai Grok",
    "alibaba": "阿里 阿里巴巴 阿里巴巴集团 通义 通义千问 千问 通义（阿里） 阿里（通义千问） 阿里通义 通义大模型"
    " 阿里-通义千问 通义万相 阿里Qwen 通義千問 阿里（通義）",
    "zhipu": "智谱 智谱AI 智谱清言 智谱华章 智谱（ZhipuAI） 智谱GLM 北京智谱华章科技有限公司 智谱·清言"
    " 智谱大模型 智譜 智譜清言",
    "tencent": "腾讯 腾讯混元 混元 腾讯混元大模型 腾讯公司 Tencent腾讯 腾讯（混元） 騰訊 騰訊混元"
    " 深圳市腾讯计算机系统有限公司",
    "bytedance": "字节 字节跳动 豆包 字节跳动（豆包） 字节豆包 豆包大模型 ByteDance/豆包 字節跳動",
    "baidu": "百度 文心 文心一言 百度文心 百度（文心一言） 百度文心大模型",
    "iflytek": "讯飞 科大讯飞 星火 讯飞星火 讯飞星火大模型 星火（讯飞） 訊飛星火",
    "moonshot": "月之暗面 Kimi 月之暗面（Kimi） Moonshot（月之暗面） Moonshot-Kimi",
    "deepseek": "深度求索 DeepSeek官方 DeepSeek（深度求索） 杭州深度求索 DeepSeek-深度求索 DeepSeek满血版",
    "01-ai": "零一万物 零一 零一万物（01.AI） 01.AI 零一萬物",
    "baichuan": "百川 百川智能 百川大模型",
    "stepfun": "阶跃 阶跃星辰 StepFun（阶跃星辰） 階躍星辰",
    "minimax": "MiniMax（稀宇） 稀宇科技 海螺AI 海螺",
    "kuaishou": "快手 可灵 快手可灵 可灵AI 快手（可灵） 可靈",
    "sensetime": "商汤 商汤科技 商汤日日新 日日新大模型 商湯",
    "360": "360 360智脑 奇虎360 360AI",
    "modelbest": "面壁 面壁智能",
    "kunlun": "昆仑万维 天工 昆仑万维-天工 崑崙萬維",
    "xiaomi": "小米 小米公司",
    "huawei": "华为 华为盘古 盘古大模型 華為 華爲盤古",
    "jd": "京东 京东言犀",
    "meituan": "美团 美团LongCat 美團",
    "inclusionai": "蚂蚁 蚂蚁集团 蚂蚁百灵 螞蟻集團",
    "vidu": "生数 生数科技",
    "internlm": "上海人工智能实验室 书生·浦语",
}


@pytest.mark.parametrize(
    ("spelling", "vendor"), [(name, slug) for slug, text in SPELLINGS.items() for name in text.split()]
)
def test_a_spelling_names_the_vendor(spelling: str, vendor: str) -> None:
    stated = vendor_of_name(spelling)

    assert stated.vendor is not None
    assert (stated.vendor.slug, stated.is_platform) == (vendor, False)
    assert vendor_key(spelling) == vendor


@pytest.mark.parametrize("vendor", KNOWN_VENDORS, ids=lambda vendor: vendor.slug)
def test_each_known_spelling_names_its_vendor(vendor: object) -> None:
    (known,) = [entry for entry in KNOWN_VENDORS if entry is vendor]
    for spelling in (known.name, known.slug, *known.aliases):
        assert vendor_of_name(spelling).vendor is known, spelling


@pytest.mark.parametrize(
    ("spelling", "vendor"),
    [
        ("火山引擎", "bytedance"), ("火山方舟", "bytedance"), ("阿里云百炼", "alibaba"), ("阿里云", "alibaba"),
        ("腾讯云", "tencent"), ("百度智能云", "baidu"), ("百度千帆", "baidu"), ("华为云", "huawei"),
        ("Azure", "microsoft"), ("微软Azure", "microsoft"), ("亚马逊AWS", "amazon"), ("AWS Bedrock", "amazon"),
        ("Google Vertex AI", "google"), ("百度智能雲", "baidu"), ("騰訊雲", "tencent"),
    ],
)  # fmt: skip
def test_a_platform_is_that_of_its_vendor(spelling: str, vendor: str) -> None:
    stated = vendor_of_name(spelling)

    assert stated.vendor is not None
    assert (stated.vendor.slug, stated.is_platform) == (vendor, True)


@pytest.mark.parametrize(
    "spelling", ["硅基流动", "OpenRouter", "302.AI", "其他", "未知", "官方", "SiliconFlow（硅基流动）", "-"]
)
def test_resellers_and_words_for_an_unknown_vendor_are_no_vendors(spelling: str) -> None:
    assert vendor_of_name(spelling).is_none


@pytest.mark.parametrize(
    "spelling",
    [
        "我的实验室",
        "Acme Labs",
        "元象",
        "阿里郎",
        "metaphor",
        "seedling",
        "OpenAI DeepSeek",
        "小米百度",
        "360度全景",
        "Anthropical",
        "",
    ],
)
def test_other_names_are_not_guessed(spelling: str) -> None:
    assert vendor_of_name(spelling).vendor is None


def test_platforms_belong_to_known_vendors() -> None:
    assert {*PLATFORMS.values()} <= {vendor.slug for vendor in KNOWN_VENDORS}


@pytest.mark.parametrize(("slug", "name"), CHINESE_NAMES.items())
def test_each_chinese_name_names_its_vendor(slug: str, name: str) -> None:
    stated = vendor_of_name(name)

    assert (stated.vendor.slug if stated.vendor else "other") == slug
