"""Links from admin pages to admin lists."""

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def linked(text: object, page: str, **filters: Any) -> SafeString:
    """A link to a filtered list."""
    return format_html('<a class="text-link" href="{}">{}</a>', admin_list(page, **filters), text)


def listed(count: int, noun: str, page: str, **filters: Any) -> SafeString:
    """A count with a link to the list of the counted rows."""
    return linked(f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s", page, **filters)


def admin_list(page: str, **filters: Any) -> str:
    """The address of an admin list, filtered."""
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    return reverse(f"admin:{page}_changelist") + (f"?{query}" if query else "")
