"""Conditions in words; values that are not conditions are shown to operators unchanged."""

from typing import Any

import pytest
from django.utils import translation

from pricing.engine.formatting.conditions import condition, conditions


@pytest.mark.parametrize(
    ("content", "text", "chinese"),
    [
        (("prompt_tokens", "gt", 200_000), "prompt above 200,000 tokens", "输入 > 200,000 tokens"),
        (("prompt_tokens", "gte", 200_000), "prompt of 200,000 tokens or more", "输入 ≥ 200,000 tokens"),
        (("prompt_tokens", "lt", 32_000), "prompt below 32,000 tokens", "输入 < 32,000 tokens"),
        (("prompt_tokens", "lte", 32_000), "prompt up to 32,000 tokens", "输入 ≤ 32,000 tokens"),
        (("max_results", "gt", 25), "max results > 25", "结果数 > 25"),
        (("service_tier", "eq", "flex"), "service tier flex", "服务等级：弹性"),
        (("region", "ne", "eu"), "region other than EU", "区域 ≠ 欧盟"),
        (("resolution", "in", ["1K", "2K"]), "resolution 1K / 2K", "分辨率：1K / 2K"),
        (("size", "eq", "1080*1920"), "size 1080×1920", "尺寸：1080×1920"),
        (("duration", "eq", 10), "duration 10 s", "时长：10 秒"),
        (("duration_bucket", "eq", "10"), "duration 10 s", "时长：10 秒"),
        (("reference_count_bucket", "eq", "1-14 refs"), "reference images 1–14", "参考图数量：1–14 张"),
        (("output_format", "eq", "png/jpg"), "format PNG/JPG", "格式：PNG/JPG"),
        (("mode", "eq", "std"), "mode standard", "模式：标准"),
        (("thinking", "eq", "adaptive"), "thinking adaptive", "思考：自适应"),
        (("has_audio", "eq", True), "with sound", "有声"),
        (("has_audio", "eq", False), "without sound", "无声"),
        (("has_audio", "ne", True), "without sound", "无声"),
        (("thinking", "eq", True), "with thinking", "有思考"),
        (
            ("request_match", "eq", {"body": {"speed": "fast"}, "headers": {"anthropic-beta": "fast-mode-2026-02-01"}}),
            "fast mode (speed = fast)", "快速模式（speed = fast）",
        ),
        (("request_match", "eq", {"body": {"n": 2}, "headers": {"x": "y"}}), "n = 2, x = y", "n = 2、x = y"),
        (("capability_bucket", "eq", ""), "task not stated", "任务类型：未注明"),
        (("time", "eq", {"windows": [{"hours": ["22:00-06:00"]}]}), "22:00-06:00 (UTC)", "22:00–06:00（UTC）"),
        (("time", "eq", {"tz": "UTC", "windows": [{"weekdays": [6, 7], "hours": ["00:00-24:00"]}]}),
         "Sat, Sun all day (UTC)", "周六、周日全天（UTC）"),
        (("time", "eq", {"tz": "Asia/Shanghai", "windows": [{"weekdays": [1, 2, 3], "hours": ["10:00-00:00"]}]}),
         "Mon-Wed 10:00-24:00 (Asia/Shanghai)", "周一至周三 10:00–24:00（北京时间）"),
    ],
)  # fmt: skip
def test_a_condition_is_a_few_words(content: tuple[str, str, Any], text: str, chinese: str) -> None:
    fields = dict(zip(("dim", "op", "value"), content, strict=True))

    assert condition(fields) == text
    with translation.override("zh-hans"):
        assert condition(fields) == chinese


def test_several_conditions_are_joined_by_commas() -> None:
    flex = {"dim": "service_tier", "op": "eq", "value": "flex"}
    long_prompt = {"dim": "prompt_tokens", "op": "gt", "value": 200_000}

    assert conditions([flex, long_prompt, flex]) == "service tier flex, prompt above 200,000 tokens"
    assert conditions([]) == ""


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("nonsense", "nonsense"),
        ([{"dim": "size"}], '{"dim":"size"}'),
        ([{"dim": "prompt_tokens", "op": "gt", "value": "many"}], "prompt tokens gt many"),
        ([{"dim": "time", "op": "in", "value": "night"}], "time in night"),
    ],
)
def test_a_value_that_is_not_a_condition_is_shown_unchanged(content: Any, text: str) -> None:
    assert conditions(content) == text
