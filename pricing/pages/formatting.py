"""Prices, counts and conditions as people read them, in the language that is active. Imports no models."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from catalog.exact import digits
from catalog.prices import MILLION, Line
from pricing.engine.money import per_million

SIGNS = {"USD": "$", "CNY": "¥", "EUR": "€", "GBP": "£"}
# More digits than this are what division left behind, not what anybody charges.
SHOWN_DIGITS = 12
# What is counted by the million: the price of one would be mostly noughts.
TINY = ("token", "character", "pixel")
ARROW = "\N{RIGHTWARDS ARROW}"

METERS: Mapping[str, str] = {
    "input": gettext_noop("Input"),
    "output": gettext_noop("Output"),
    "input.cache_read": gettext_noop("Cached input"),
    "input.cache_write": gettext_noop("Cache write"),
    "output.reasoning": gettext_noop("Reasoning"),
    "output.citation": gettext_noop("Citations"),
    "input.text": gettext_noop("Text input"),
    "output.text": gettext_noop("Text output"),
    "input.image": gettext_noop("Image input"),
    "output.image": gettext_noop("Image output"),
    "input.audio": gettext_noop("Audio input"),
    "output.audio": gettext_noop("Audio output"),
    "input.video": gettext_noop("Video input"),
    "output.video": gettext_noop("Video output"),
    "input.audio.cache_read": gettext_noop("Cached audio input"),
    "input.audio.cache_write": gettext_noop("Audio cache write"),
    "input.image.cache_read": gettext_noop("Cached image input"),
    "input.image.cache_write": gettext_noop("Image cache write"),
    "request": gettext_noop("Request"),
    "web_search": gettext_noop("Web search"),
    "file_search": gettext_noop("File search"),
    "maps": gettext_noop("Map look-up"),
    "code_session": gettext_noop("Code session"),
    "ocr": gettext_noop("Page reading"),
    "ocr.annotation": gettext_noop("Page annotation"),
    "moderation": gettext_noop("Moderation"),
    "guardrail": gettext_noop("Guardrail check"),
    "finetune": gettext_noop("Training"),
    "cache_storage": gettext_noop("Cache storage"),
    "storage": gettext_noop("File storage"),
    "capacity": gettext_noop("Reserved capacity"),
}
UNITS: Mapping[str, tuple[str, str]] = {
    "token": (gettext_noop("token"), gettext_noop("tokens")),
    "character": (gettext_noop("character"), gettext_noop("characters")),
    "image": (gettext_noop("image"), gettext_noop("images")),
    "megapixel": (gettext_noop("megapixel"), gettext_noop("megapixels")),
    "pixel": (gettext_noop("pixel"), gettext_noop("pixels")),
    "second": (gettext_noop("second"), gettext_noop("seconds")),
    "minute": (gettext_noop("minute"), gettext_noop("minutes")),
    "hour": (gettext_noop("hour"), gettext_noop("hours")),
    "page": (gettext_noop("page"), gettext_noop("pages")),
    "query": (gettext_noop("query"), gettext_noop("queries")),
    "request": (gettext_noop("request"), gettext_noop("requests")),
    "session": (gettext_noop("session"), gettext_noop("sessions")),
    "message": (gettext_noop("message"), gettext_noop("messages")),
    "credit": (gettext_noop("credit"), gettext_noop("credits")),
    "gb_day": (gettext_noop("GB a day"), gettext_noop("GB days")),
    "token_hour": (gettext_noop("token hour"), gettext_noop("token hours")),
    "step": (gettext_noop("step"), gettext_noop("steps")),
    "DBU": (gettext_noop("DBU"), gettext_noop("DBUs")),
}
# Modalities, capabilities, and what conditions speak of; other words are shown as sources give them.
NAMES: Mapping[str, str] = {
    "text": gettext_noop("text"),
    "image": gettext_noop("image"),
    "audio": gettext_noop("audio"),
    "video": gettext_noop("video"),
    "pdf": gettext_noop("pdf"),
    "embedding": gettext_noop("embedding"),
    "tools": gettext_noop("tools"),
    "parallel_tools": gettext_noop("parallel tools"),
    "structured_outputs": gettext_noop("structured outputs"),
    "reasoning": gettext_noop("reasoning"),
    "vision": gettext_noop("vision"),
    "pdf_input": gettext_noop("pdf input"),
    "prompt_caching": gettext_noop("prompt caching"),
    "web_search": gettext_noop("web search"),
    "computer_use": gettext_noop("computer use"),
    "batch": gettext_noop("batch"),
    "citations": gettext_noop("citations"),
    "code_execution": gettext_noop("code execution"),
    "service_tier": gettext_noop("service tier"),
    "cache_ttl": gettext_noop("cache kept for"),
    "resolution": gettext_noop("resolution"),
    "quality": gettext_noop("quality"),
    "size": gettext_noop("size"),
    "duration": gettext_noop("duration"),
    "duration_bucket": gettext_noop("duration"),
    "mode": gettext_noop("mode"),
    "capability_bucket": gettext_noop("use"),
    "aspect_ratio_bucket": gettext_noop("aspect ratio"),
    "reference_count_bucket": gettext_noop("references"),
    "output_format": gettext_noop("format"),
    "region": gettext_noop("region"),
    "has_audio": gettext_noop("sound"),
    "has_video_input": gettext_noop("video input"),
    "has_voice_control": gettext_noop("voice control"),
    "thinking": gettext_noop("thinking"),
    "effort": gettext_noop("effort"),
    "tool_choice": gettext_noop("tool choice"),
    "system_messages": gettext_noop("system messages"),
    "native_streaming": gettext_noop("native streaming"),
    "url_context": gettext_noop("url context"),
    "search_context": gettext_noop("search context"),
}
VALUES: Mapping[str, str] = {
    "t2i": gettext_noop("text to image"),
    "i2i": gettext_noop("image to image"),
    "t2v": gettext_noop("text to video"),
    "i2v": gettext_noop("image to video"),
    "reference": gettext_noop("reference"),
    "start_end": gettext_noop("first and last frame"),
    "motion": gettext_noop("motion"),
    "standard": gettext_noop("standard"),
    "priority": gettext_noop("priority"),
    "flex": gettext_noop("flex"),
    "batch": gettext_noop("batch"),
    "fast": gettext_noop("fast"),
    "none": gettext_noop("none"),
    "minimal": gettext_noop("minimal"),
    "low": gettext_noop("low"),
    "medium": gettext_noop("medium"),
    "high": gettext_noop("high"),
    "xhigh": gettext_noop("xhigh"),
    "max": gettext_noop("max"),
    "adaptive": gettext_noop("adaptive"),
    "enabled": gettext_noop("enabled"),
    "input": gettext_noop("input"),
    "output": gettext_noop("output"),
}
# The labels of the registry as it comes; what an operator writes is shown as it is.
ENDPOINTS = {
    gettext_noop("Chat completions"),
    gettext_noop("Responses"),
    gettext_noop("Responses, compacted"),
    gettext_noop("Anthropic messages"),
    gettext_noop("Gemini generateContent"),
    gettext_noop("Embeddings"),
    gettext_noop("Rerank"),
    gettext_noop("Image generation"),
    gettext_noop("Video, OpenAI style"),
    gettext_noop("Video, one format for all vendors"),
    gettext_noop("Video, Alibaba style"),
    gettext_noop("Video, Volcengine style"),
    gettext_noop("Video, MiniMax style"),
    gettext_noop("Video, Kling style"),
    gettext_noop("Midjourney imagine"),
    gettext_noop("Suno music"),
    gettext_noop("Text to speech"),
    gettext_noop("Speech to text"),
}
WEEKDAYS = (
    gettext_noop("Mon"),
    gettext_noop("Tue"),
    gettext_noop("Wed"),
    gettext_noop("Thu"),
    gettext_noop("Fri"),
    gettext_noop("Sat"),
    gettext_noop("Sun"),
)


STATES: Mapping[str, str] = {
    "unpriced": gettext_noop("no price yet"),
    "free": gettext_noop("free"),
    "dynamic": gettext_noop("depends on the request"),
    "included": gettext_noop("included in a plan"),
}


def state(name: str) -> str:
    """What stands where a price would, for a model that has none."""
    return _(STATES[name]) if name in STATES else ""


def money(amount: Decimal, currency: str = "USD") -> str:
    """$2.50, $0.0377, ¥46.00, 12.00 SEK: every digit that means something, and at least two decimals."""
    with localcontext() as context:
        context.prec = SHOWN_DIGITS
        text = digits(+amount)
    whole, _, decimals = text.partition(".")
    text = f"{int(whole):,}.{decimals.ljust(2, '0')}"
    sign = SIGNS.get(currency)
    return f"{sign}{text}" if sign else f"{text} {currency}"


def tokens(number: int | None) -> str:
    """128K, 200K, 1M, 1.05M: as people speak of a context; empty when it is not known."""
    if number is None:
        return ""
    if number >= 1024 and number % 1024 == 0 and number % 1000:
        short, unit = (number // 1024, "K") if number < 1024 * 1024 else (number / 1024 / 1024, "M")
    elif number >= 1_000_000:
        short, unit = number / 1_000_000, "M"
    elif number >= 1000:
        short, unit = number / 1000, "K"
    else:
        short, unit = number, ""
    return f"{short:.3g}{unit}" if short < 1000 else f"{short:.0f}{unit}"


def count(number: int | Decimal) -> str:
    """200,000"""
    return f"{int(number):,}" if number == int(number) else digits(Decimal(number))


def meter(name: str) -> str:
    """A meter for people; a source's own one by the name that the source gave it."""
    if name in METERS:
        return _(METERS[name])
    return name.split(".", 2)[-1].replace("_", " ") if name else _("Everything")


def named(word: str) -> str:
    """A modality, a capability or a dimension for people."""
    if word in NAMES:
        return _(NAMES[word])
    head, tail = _parted(word)
    return f"{_(NAMES[head])} {fact(tail)}" if head in NAMES and tail in VALUES else word.replace("_", " ")


def listed(names: Iterable[str]) -> str:
    """Words for people; what is said of one that has a name stands behind it: tools, effort (low, high)."""
    groups: dict[str, list[str]] = {}
    for name in names:
        head, tail = _parted(name)
        if tail and name not in NAMES and head in NAMES:
            groups.setdefault(head, []).append(tail)
        else:
            groups.setdefault(name, [])
    return ", ".join(_with_tails(head, tails) for head, tails in groups.items())


def _parted(word: str) -> tuple[str, str]:
    """A word's first part and the rest; some sources write effort_low as low_reasoning_effort."""
    if word.endswith("_reasoning_effort"):
        return "effort", word.removesuffix("_reasoning_effort")
    head, _bar, tail = word.partition("_")
    return head, tail


def _with_tails(head: str, tails: Sequence[str]) -> str:
    if len(tails) < 2:
        return named("_".join([head, *tails]))
    return f"{named(head)} ({', '.join(fact(tail.replace('_', ' ')) for tail in tails)})"


def endpoint(label: str) -> str:
    """The label of a way to call a model."""
    return _(label) if label in ENDPOINTS else label


def unit(name: str, number: int = 1) -> str:
    if name not in UNITS:
        return name
    one, many = UNITS[name]
    return _(one) if number == 1 else _(many)


def per(line: Line) -> str:
    """per million tokens, per image, per 1,000 requests"""
    if line.unit == "token":
        return _("per million tokens")
    if line.unit in TINY or line.per == MILLION:
        return _("per million %(units)s") % {"units": unit(line.unit, 2)}
    if line.per == 1:
        return _("per %(unit)s") % {"unit": unit(line.unit)}
    return _("per %(number)s %(units)s") % {"number": count(line.per), "units": unit(line.unit, line.per)}


def price(line: Line, currency: str) -> str:
    """The figure of a line, for what `per` says."""
    return money(shown_amount(line), currency)


def shown_amount(line: Line) -> Decimal:
    """What is tiny is shown by the million, whatever the source counts; everything else as the source has it."""
    amount = line.amount or Decimal(0)
    return per_million(amount, line.per) if line.unit in TINY else amount


def all_conditions(conditions: Iterable[Mapping[str, Any]]) -> str:
    """When a line counts, in words; empty for always."""
    return ", ".join(condition(each) for each in conditions)


def condition(each: Mapping[str, Any]) -> str:
    dim, op, value = str(each["dim"]), each["op"], each["value"]
    if dim == "time":
        return windows(value)
    if dim == "request_match":
        asked = {**value.get("body", {}), **value.get("headers", {})}
        return ", ".join(f"{name} = {what}" for name, what in asked.items())
    if op in BOUNDS:
        number = count(value)
        if dim == "prompt_tokens":
            return _(PROMPT_BOUNDS[op]) % {"number": number}
        return f"{named(dim)} {BOUNDS[op]} {number}"
    if isinstance(value, bool):
        return (_("with %(what)s") if value is (op == "eq") else _("without %(what)s")) % {"what": named(dim)}
    if op == "ne":
        return _("%(what)s other than %(value)s") % {"what": named(dim), "value": fact(value)}
    return f"{named(dim)} {fact(value)}"


BOUNDS = {"gt": ">", "gte": "≥", "lt": "<", "lte": "≤"}
PROMPT_BOUNDS = {
    "gt": gettext_noop("prompt above %(number)s tokens"),
    "gte": gettext_noop("prompt of %(number)s tokens or more"),
    "lt": gettext_noop("prompt below %(number)s tokens"),
    "lte": gettext_noop("prompt up to %(number)s tokens"),
}


def fact(value: Any) -> str:
    """The value of a dimension for people."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return " / ".join(map(fact, value))
    if isinstance(value, Decimal):
        return digits(value)
    return _(VALUES[value]) if isinstance(value, str) and value in VALUES else str(value)


def windows(value: Mapping[str, Any]) -> str:
    """Mon-Fri 09:00-12:00, 14:00-18:00 (Asia/Shanghai)"""
    spans = [
        " ".join(filter(None, [weekdays(window.get("weekdays", ())), ", ".join(window["hours"])]))
        for window in value["windows"]
    ]
    return f"{'; '.join(spans)} ({value.get('tz') or 'UTC'})"


def weekdays(numbers: Sequence[int]) -> str:
    """1,2,3,4,5 as Mon-Fri; nothing for every day."""
    days = sorted(set(numbers))
    if not days or len(days) == len(WEEKDAYS):
        return ""
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return f"{_(WEEKDAYS[days[0] - 1])}-{_(WEEKDAYS[days[-1] - 1])}"
    return ", ".join(_(WEEKDAYS[day - 1]) for day in days)
