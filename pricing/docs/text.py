"""Descriptions of the OpenAPI document as HTML: code between backticks, paragraphs, and lists of choices."""

import re
from functools import cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from pricing.docs.translation import CHOICE

BACKTICKS = re.compile(r"`([^`]+)`")


@cache
def as_html(text: str) -> SafeString:
    """The text of one paragraph as it is, without a tag around it; several ones with a tag around each."""
    paragraphs = [paragraph for paragraph in re.split(r"\n\s*\n", text.strip()) if paragraph]
    blocks = [_block(paragraph, is_alone=len(paragraphs) == 1) for paragraph in paragraphs]
    return mark_safe("".join(blocks))  # noqa: S308


def _block(paragraph: str, *, is_alone: bool) -> str:
    lines = paragraph.split("\n")
    if all(map(CHOICE.fullmatch, lines)):
        choices = [choice for line in lines if (choice := CHOICE.fullmatch(line))]
        return f"<ul>{''.join(_choice(choice['value'], choice['label']) for choice in choices)}</ul>"
    html = _inline(" ".join(paragraph.split()))
    return html if is_alone else f"<p>{html}</p>"


def _choice(value: str, label: str) -> str:
    """A value and its label, unless that only repeats it."""
    return f"<li><code>{escape(value)}</code>{f' {_inline(label)}' if label.lower() != value.lower() else ''}</li>"


def _inline(text: str) -> str:
    return BACKTICKS.sub(r"<code>\1</code>", escape(text))
