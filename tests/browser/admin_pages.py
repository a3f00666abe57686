"""Every type of page of the admin: those that have an address, and those that are the answer to a form.

They are found in the addresses and the registered tables, so a new page, table or action is one of them by itself.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from catalog.models import ImportRun
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.review import save_plan
from pricing.models import UsageReporter
from pricing.usage.events import Event, record_events
from pricing.usage.quantities import read_usage
from tests import admin_world, world
from tests.pricing.verification import books

# Answers to scripts, documents, and a redirect to the public page of a row.
NO_PAGES = {"autocomplete", "jsi18n", "view_on_site", "search"}
# The tables with the richest lists and forms: one of each kind.
RICH = {"catalog.aimodel", "catalog.importrun", "pricing.pricesheet", "tokens.token"}


@dataclass(frozen=True)
class AdminPage:
    """A page and the fields of the form that leads to it; without fields, it has an address of its own."""

    name: str
    path: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    # The table that it belongs to, if any.
    table: str = ""

    @property
    def is_needed(self) -> bool:
        """Whether no other page is of the same type: the pages of most tables have the templates of a few."""
        return not self.table or self.table in RICH


def find_pages(client: Client) -> list[AdminPage]:
    """A page of each type that this operator can open, from one row of every table and what the special pages show."""
    rows = admin_world.one_of_everything()
    examples = _examples(rows)
    pages = [AdminPage(name, path, table=_table(name)) for name, path in _with_address(rows, examples)]
    opened = [page for page in pages if _is_page(client.get(page.path))]
    adopting = re.search(
        r'href="(/admin/verification/\d+/[^"]+)"', client.get(reverse("verification")).content.decode()
    )
    assert adopting, "the example of the verification adopts nothing"
    opened.append(AdminPage("adopt", adopting[1]))
    return [*opened, *_of_actions(client, rows), *_refused(client)]


def _examples(rows: dict[str, Any]) -> dict[str, str]:
    """Name of an address -> a path with the arguments with which its page shows the most."""
    now = timezone.now()
    token, _ = world.token(name="gateway")
    UsageReporter.objects.create(token=token)
    usage = read_usage({"input": 1000, "output": 200})
    event = Event("1", token.key_id, "openai/gpt-4o", now - dt.timedelta(hours=1), usage)
    record_events([event], reporter=token.pk, reporter_name=token.key_id, at=now)
    world.channel("c")
    books.store("litellm", books.litellm(gpt_5="2.5e-06", gpt_4="3e-05", **{"long-" * 20 + "name": "1e-06"}))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 3, "output": 10}))
    books.hold("genai_prices", books.genai_prices(gpt_5={"input_mtok": 3, "output_mtok": 10}))
    names = ("x-ai/gpt-4o", "openai/gpt-4o", "openai/gpt-5", "a/" + "long-" * 18 + "name", "a/new-one", "openai/gpt-4")
    quotes = [{"id": name, "pricing": {"prompt": "0.00009", "completion": "0.00001"}} for name in names]
    content = json.dumps({"data": quotes}).encode()
    waiting = save_plan(content, Options(source=SOURCES["openrouter"], channel="c"), at=now)[1]
    assert waiting is not None
    scheduled = world.price(rows["catalog.aimodel"], input="3", starts_at=now + dt.timedelta(days=9))
    applied = ImportRun.objects.filter(status=ImportRun.Status.APPLIED, source__slug="litellm").latest("pk")
    return {
        "admin:app_list": reverse("admin:app_list", args=["catalog"]),
        "admin:catalog_importrun_change": reverse("admin:catalog_importrun_change", args=[waiting.pk]),
        "admin:catalog_importrun_aliases": reverse("admin:catalog_importrun_aliases", args=[waiting.pk]),
        "admin:catalog_importrun_rollback": reverse("admin:catalog_importrun_rollback", args=[applied.pk]),
        "admin:catalog_source_aliases": reverse("admin:catalog_source_aliases", args=[waiting.source_id]),
        "admin:pricing_pricesheet_withdraw_this": reverse(
            "admin:pricing_pricesheet_withdraw_this", args=[scheduled.pk]
        ),
        "add_unknown": reverse("add_unknown") + "?as=alias&name=openai/gpt-4o&model=gpt-4o",
        "adopt": "",
    }


def _with_address(rows: dict[str, Any], examples: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, number in _names():
        if path := examples[name] if name in examples else _path(name, number, rows):
            yield name, path
    yield "the report of an import", reverse("admin:catalog_importrun_change", args=[rows["catalog.importrun"].pk])


def _names() -> Iterator[tuple[str, int]]:
    """The name of each address of the admin, and the number of its arguments."""
    seen = set()
    for route, prefix, pattern in _patterns(get_resolver().url_patterns):
        name = f"{prefix}{pattern.name}"
        if route.startswith("admin/") and pattern.name and pattern.name not in NO_PAGES and name not in seen:
            seen.add(name)
            yield name, pattern.pattern.regex.groups


def _patterns(patterns: list[Any], route: str = "", prefix: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from _patterns(pattern.url_patterns, route + str(pattern.pattern), inner)
        else:
            yield route + str(pattern.pattern), prefix, pattern


def _table(name: str) -> str:
    """The label of the table in the name of an address, if one of its usual pages has this address."""
    pages = "changelist|add|change|history|delete|simple_history"
    match = re.fullmatch(rf"admin:([a-z]+)_([a-z]+)_(?:{pages})", name)
    return f"{match[1]}.{match[2]}" if match else ""


def _path(name: str, number: int, rows: dict[str, Any]) -> str:
    """The path of an address without arguments, or of one about a row of the table in its name."""
    if not number:
        return reverse(name)
    label = next(
        (
            label
            for label in sorted(rows, key=len, reverse=True)
            if name.startswith(f"admin:{label.replace('.', '_')}_")
        ),
        None,
    )
    assert label, f"{name} needs an example of its arguments"
    row = rows[label]
    if number == 1:
        return reverse(name, args=[row.pk])
    assert name.endswith("_simple_history"), f"{name} needs an example of its arguments"
    return reverse(name, args=[row.pk, row.history.latest().pk])


def _of_actions(client: Client, rows: dict[str, Any]) -> Iterator[AdminPage]:
    """The pages with which actions on selected rows begin: confirmations, and forms to fill in."""
    request = RequestFactory().get("/")
    request.user = client.get("/admin/").context["user"]
    for model, model_admin in admin.site._registry.items():
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for action in model_admin.get_actions(request):
            fields = {"action": action, "_selected_action": str(rows[model._meta.label_lower].pk)}
            if _is_page(client.post(path, fields)):
                table = model._meta.label_lower if action == "delete_selected" else ""
                yield AdminPage(f"{model._meta.label_lower}: {action}", path, fields, table)


def _refused(client: Client) -> Iterator[AdminPage]:
    """Forms with errors."""
    for label in ("catalog.aimodel", "pricing.discountrule", "pricing.pricesheet", "tokens.token"):
        path = reverse(f"admin:{label.replace('.', '_')}_add")
        fields = admin_world.filled_in(client, path, multiplier="no", expires_at_0="no")
        # Each form has a token of its own, which the browser adds.
        del fields["csrfmiddlewaretoken"]
        yield AdminPage(f"{label} with errors", path, fields)


def _is_page(response: Any) -> bool:
    return bool(response.status_code == 200 and response["Content-Type"].startswith("text/html"))
