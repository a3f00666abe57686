"""The one table of labels: meters, units, modalities, dimensions of conditions and their values.

The words of capabilities are in `capabilities`.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from catalog.exact import digits

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
# Unit -> one of it, and several; translated for "per image", "1,000 images" and the field "(images)" apart.
UNITS: Mapping[str, tuple[str, str]] = {
    "token": ("token", "tokens"),
    "character": ("character", "characters"),
    "image": ("image", "images"),
    "megapixel": ("megapixel", "megapixels"),
    "pixel": ("pixel", "pixels"),
    "second": ("second", "seconds"),
    "minute": ("minute", "minutes"),
    "hour": ("hour", "hours"),
    "page": ("page", "pages"),
    "query": ("query", "queries"),
    "request": ("request", "requests"),
    "session": ("session", "sessions"),
    "message": ("message", "messages"),
    "credit": ("credit", "credits"),
    "gb_day": ("GB-day", "GB-days"),
    "token_hour": ("token-hour", "token-hours"),
    "step": ("step", "steps"),
    "text_unit": ("text unit", "text units"),
    "DBU": ("DBU", "DBUs"),
}
# Spans of time in which units are free of charge.
PERIODS: Mapping[str, str] = {
    "request": gettext_noop("per request"),
    "minute": gettext_noop("per minute"),
    "hour": gettext_noop("per hour"),
    "day": gettext_noop("per day"),
    "month": gettext_noop("per month"),
}
# Width and height, as some sources write them.
SIZE = re.compile(r"\d+[*x]\d+")
# How many reference images a request has: 1-2 refs.
REFERENCES = re.compile(r"(\d+(?:-\d+)?) refs?")
# How long a cache is stored: 5m, 1h.
LIFETIME = re.compile(r"(\d+)([smhd])")
LIFETIME_UNITS: Mapping[str, str] = {
    "s": gettext_noop("%(number)ss"),
    "m": gettext_noop("%(number)sm"),
    "h": gettext_noop("%(number)sh"),
    "d": gettext_noop("%(number)sd"),
}
FILE_FORMATS = frozenset(
    {"png", "jpg", "jpeg", "webp", "gif", "mp3", "wav", "flac", "opus", "aac", "pcm", "mp4", "mov"}
)
# Modalities.
MODALITIES: Mapping[str, str] = {
    "text": gettext_noop("text"),
    "image": gettext_noop("image"),
    "audio": gettext_noop("audio"),
    "video": gettext_noop("video"),
    "pdf": gettext_noop("PDF"),
    "embedding": gettext_noop("embedding"),
    "file": gettext_noop("file"),
    "code": gettext_noop("code"),
    "music": gettext_noop("music"),
    "speech": gettext_noop("speech"),
}
# Dimensions of conditions; other words are shown as sources give them, with spaces.
NAMES: Mapping[str, str] = {
    "service_tier": gettext_noop("service tier"),
    "cache_ttl": gettext_noop("cache lifetime"),
    "cache_type": gettext_noop("cache type"),
    "resolution": gettext_noop("resolution"),
    "quality": gettext_noop("quality"),
    "size": gettext_noop("size"),
    "duration": gettext_noop("duration"),
    "duration_bucket": gettext_noop("duration"),
    "mode": gettext_noop("mode"),
    "capability_bucket": gettext_noop("task"),
    "aspect_ratio_bucket": gettext_noop("aspect ratio"),
    "reference_count_bucket": gettext_noop("reference images"),
    "output_format": gettext_noop("format"),
    "region": gettext_noop("region"),
    "route": gettext_noop("route"),
    "max_results": gettext_noop("max results"),
    "has_audio": gettext_noop("sound"),
    "has_video_input": gettext_noop("video input"),
    "has_voice_control": gettext_noop("voice control"),
    "thinking": gettext_noop("thinking"),
    "effort": gettext_noop("effort"),
    "search_context": gettext_noop("search context"),
    "policy": gettext_noop("policy"),
}
VALUES: Mapping[str, str] = {
    "t2i": gettext_noop("text to image"),
    "i2i": gettext_noop("image to image"),
    "t2v": gettext_noop("text to video"),
    "i2v": gettext_noop("image to video"),
    "reference": gettext_noop("reference"),
    "start_end": gettext_noop("first and last frame"),
    "motion": gettext_noop("motion"),
    "std": gettext_noop("standard"),
    "pro": gettext_noop("pro"),
    "standard": gettext_noop("standard"),
    "priority": gettext_noop("priority"),
    "flex": gettext_noop("flex"),
    "batch": gettext_noop("batch"),
    "fast": gettext_noop("fast"),
    "explicit": gettext_noop("explicit"),
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
    "group": gettext_noop("several images"),
    "": gettext_noop("not stated"),
    "regional_endpoint": gettext_noop("regional endpoint"),
    "eu": gettext_noop("EU"),
    "us": gettext_noop("US"),
    "contentPolicyUnits": gettext_noop("content filters"),
    "contentPolicyImageUnits": gettext_noop("content filters for images"),
    "topicPolicyUnits": gettext_noop("denied topics"),
    "wordPolicyUnits": gettext_noop("word filters"),
    "sensitiveInformationPolicyUnits": gettext_noop("sensitive information"),
    "sensitiveInformationPolicyFreeUnits": gettext_noop("sensitive information by patterns"),
    "contextualGroundingPolicyUnits": gettext_noop("contextual grounding"),
    "automatedReasoningPolicyUnits": gettext_noop("automated reasoning"),
}
# Dimension of yes or no -> in words for yes and for no.
FLAGS: Mapping[str, tuple[str, str]] = {
    "has_audio": (gettext_noop("with sound"), gettext_noop("without sound")),
    "has_video_input": (gettext_noop("with video input"), gettext_noop("without video input")),
    "has_voice_control": (gettext_noop("with voice control"), gettext_noop("without voice control")),
}
STATES: Mapping[str, str] = {
    "unpriced": gettext_noop("no price yet"),
    "free": gettext_noop("free"),
    "dynamic": gettext_noop("depends on the request"),
    "included": gettext_noop("included in a plan"),
    "retired": gettext_noop("no longer offered"),
}


def meter(name: str) -> str:
    """A meter's label; a meter of a source has the name that the source gave it."""
    if name in METERS:
        return _(METERS[name])
    return name.split(".", 2)[-1].replace("_", " ") if name else _("All prices")


def unit(name: str) -> str:
    """What a price is for, as in `per image`."""
    return pgettext("per", UNITS[name][0]) if name in UNITS else name or _("unit")


def units(name: str) -> str:
    """What a number counts, as in `1,000 images`."""
    return pgettext("number", UNITS[name][1]) if name in UNITS else name or _("units")


def field_unit(name: str) -> str:
    """What a number in a form counts, as in `Image output (images)`."""
    return pgettext("field", UNITS[name][1]) if name in UNITS else name


def period(name: str) -> str:
    """How often units are free of charge, e.g. `per day`."""
    return _(PERIODS[name]) if name in PERIODS else _("per %(measure)s") % {"measure": name}


def modality(name: str) -> str:
    """A type of input or output, as people read it."""
    return _(MODALITIES[name]) if name in MODALITIES else name.replace("_", " ")


def modalities(names: Iterable[str]) -> str:
    """Types of input or output in one order, whatever the order of the source: text, image, PDF."""
    order = {name: place for place, name in enumerate(MODALITIES)}
    return join(map(modality, sorted(names, key=lambda name: order.get(name, len(order)))))


def word(name: str) -> str:
    """A dimension, as people read it."""
    return _(NAMES[name]) if name in NAMES else name.replace("_", " ")


def value(content: Any) -> str:
    """The value of a dimension, as people read it."""
    if isinstance(content, bool):
        return _("yes") if content else _("no")
    if isinstance(content, list | tuple):
        return " / ".join(map(value, content))
    if isinstance(content, Decimal):
        return digits(content)
    return _text(content) if isinstance(content, str) else str(content)


def _text(content: str) -> str:
    if content in VALUES:
        return _(VALUES[content])
    if SIZE.fullmatch(content):
        return "\N{MULTIPLICATION SIGN}".join(re.split("[*x]", content))
    if references := REFERENCES.fullmatch(content):
        return pgettext("reference images", "%(number)s") % {"number": references[1].replace("-", "\N{EN DASH}")}
    if lifetime := LIFETIME.fullmatch(content):
        return _(LIFETIME_UNITS[lifetime[2]]) % {"number": lifetime[1]}
    return content.upper() if FILE_FORMATS.issuperset(content.split("/")) else content


def with_lifetime(thing: str, lifetime: str) -> str:
    """What is priced, and how long it is stored: Cache write 1h."""
    return pgettext("lifetime", "%(thing)s %(lifetime)s") % {"thing": thing, "lifetime": value(lifetime)}


def flag(name: str, *, is_on: bool) -> str:
    """A dimension of yes or no in words: with sound."""
    if name in FLAGS:
        return _(FLAGS[name][0 if is_on else 1])
    return (_("with %(what)s") if is_on else _("without %(what)s")) % {"what": word(name)}


def state(name: str) -> str:
    """The text for a price without a figure; empty for other states."""
    return _(STATES[name]) if name in STATES else ""


def capitalized(text: str) -> str:
    """The text with an upper-case first letter, for the start of a line."""
    return text[:1].upper() + text[1:]


def join(parts: Iterable[str]) -> str:
    """A list of words: text, image."""
    return pgettext("between words", ", ").join(parts)


def join_clauses(parts: Iterable[str]) -> str:
    """Parts of a sentence, the empty ones left out: Input, prompt above 200,000 tokens."""
    return pgettext("between clauses", ", ").join(filter(None, parts))


def with_detail(text: str, detail: str) -> str:
    """A text with a detail in parentheses."""
    return pgettext("detail", "%(text)s (%(detail)s)") % {"text": text, "detail": detail}
