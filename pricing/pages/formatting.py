"""What pages show beside prices: the size of a context and the names of endpoints. Imports no models."""

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# The labels that new registries have; what an operator writes is shown as it is.
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
# The label of the group that a new catalog has.
DEFAULT_GROUP = gettext_noop("Default")

# Markdown in descriptions, as sources write them.
LINK, EMPHASIS = re.compile(r"\[([^\[\]]+)\]\([^()\s]*\)"), "**"


def token_count(number: int | None) -> str:
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


def yes_or_no(answer: bool | None) -> str:
    """Empty if the answer is not known."""
    return "" if answer is None else _("yes") if answer else _("no")


def endpoint_label(label: str) -> str:
    return _(label) if label in ENDPOINTS else label


def group_label(label: str) -> str:
    """The label of a group; that of the group which a new catalog has is translated, others are the operator's."""
    return _("Default") if label == DEFAULT_GROUP else label


def plain_text(description: str) -> str:
    """A description without the links and the emphasis of Markdown: pages show text."""
    return LINK.sub(r"\1", description).replace(EMPHASIS, "")


def heading(name: str, title: str) -> str:
    """What a page calls a model: its title, or its id where the title is the same text in another case.

    Calls need the id in its own case, and a page that shows both would show one text twice.
    """
    return name if title.casefold() == name.casefold() else title
