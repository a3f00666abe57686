"""What the admin's tests start from: one row of every table, and forms filled in as a browser would send them."""

import datetime as dt
import hashlib
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client

from catalog.models import (
    AIModel,
    AuditEntry,
    Channel,
    EndpointType,
    ImportRun,
    Offer,
    Pruning,
    Revision,
    Snapshot,
    Source,
)
from pricing.models import CurrencyRate, DiscountRule, PopularModel, UsageCount, UsageEvent, UsageReporter
from tests import world
from tokens.models import Event, Token, Webhook

# Tables whose rows nobody adds, changes or deletes by hand, besides what their actions do.
WRITTEN_BY_SOFTWARE = {
    "catalog.auditentry",
    "catalog.pruning",
    "catalog.revision",
    "catalog.snapshot",
    "pricing.usagecount",
    "pricing.usageevent",
    "tokens.delivery",
    "tokens.event",
}


def import_run(name: str = "litellm") -> ImportRun:
    """An applied run with a report."""
    content = name.encode()
    source = Source.objects.get_or_create(slug=name, defaults={"name": name})[0]
    snapshot = Snapshot.objects.create(
        source=source, sha256=hashlib.sha256(content).hexdigest(), size=len(content), packed=Snapshot.pack(content)
    )
    report = {"counts": {"new": 3, "equal": 0}, "findings": ["gpt-4o: the price is odd."], "unmapped": {"mode": 3}}
    return ImportRun.objects.create(source=source, snapshot=snapshot, status=ImportRun.Status.APPLIED, report=report)


def usage_event(model: AIModel, token: Token) -> UsageEvent:
    """A call of the model with the token, which the token itself reported."""
    number = UsageEvent.objects.count()
    return UsageEvent.objects.create(
        reporter=token, event_id=f"chatcmpl-{number}", token=token, key_id=token.key_id, model=model, name=model.name,
        group="default", at=dt.datetime.now(tz=dt.UTC), cost=Decimal("0.0045"), currency="USD",
        usage={"input": 1000, "output": {"quantity": 200, "unit": "token"}}, request={"service_tier": "flex"},
    )  # fmt: skip


def one_of_everything() -> dict[str, Any]:
    """A row of every table that the admin shows, by the table's label."""
    model = world.model("gpt-4o")
    group = world.token_group()
    run = import_run()
    token = world.token()[0]
    today = dt.datetime.now(tz=dt.UTC).date()
    rows = [
        model,
        model.vendor,
        Channel.objects.get(),
        Offer.objects.get(),
        EndpointType.objects.get_or_create(name="openai", defaults={"path": "/v1/chat/completions"})[0],
        run,
        run.source,
        run.snapshot,
        Revision.objects.get(),
        Pruning.objects.create(keep_from=world.LONG_AGO, actor="root", removed={"documents": {"rows": 2, "bytes": 9}}),
        group,
        token,
        world.price(model, input="2.5", output="10"),
        world.rate(group, 1),
        PopularModel.objects.create(model=model),
        DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.9")),
        CurrencyRate.objects.create(currency="CNY", per_usd=Decimal("7.3"), as_of=today),
        UsageReporter.objects.create(token=token),
        UsageCount.objects.create(model=model, name="gpt-4o", day=today, reporter=token.key_id, requests=7),
        usage_event(model, token),
        User.objects.create_user("somebody"),
        world.admin_key(operator=User.objects.create_user("owner", is_staff=True))[0],
        Group.objects.create(name="readers"),
        world.delivery(),
    ]
    rows += [*Webhook.objects.all(), *Event.objects.all()]
    # What happens to an operator is in the audit trail.
    rows.append(AuditEntry.objects.earliest("pk"))
    rows_by_model = {row._meta.label_lower: row for row in rows}
    assert rows_by_model.keys() == {model._meta.label_lower for model in admin.site._registry}, (
        "a table without a row here"
    )
    return rows_by_model


def filled_in(client: Client, page: str, **changes: Any) -> dict[str, Any]:
    """The fields that a browser would post from that page's form, with some of them changed."""
    form = FormReader()
    form.feed(client.get(page).content.decode())
    return form.fields | {"_save": "Save"} | changes


def post_confirmed(client: Client, page: str, form: dict[str, Any], *, follow: bool = False) -> Any:
    """Posts a form, and then the page that asks for a confirmation, with every loss accepted; the last response.

    AssertionError if nothing had to be confirmed.
    """
    asked = client.post(page, form)
    assert is_confirmation(asked), "the change was stored without a confirmation"
    return confirm(client, page, asked, follow=follow)


def post(client: Client, page: str, form: dict[str, Any], *, follow: bool = False) -> Any:
    """Posts a form, and confirms its effects if the page asks for it; the last response."""
    answer = client.post(page, form, follow=follow)
    return confirm(client, page, answer, follow=follow) if is_confirmation(answer) else answer


def is_confirmation(response: Any) -> bool:
    return response.status_code == 200 and b'id="confirmation_form"' in response.content


def confirm(client: Client, page: str, asked: Any, *, follow: bool = False, **changes: Any) -> Any:
    """Posts the form of a confirmation that the page has answered with."""
    reader = FormReader()
    reader.feed(asked.content.decode())
    return client.post(page, reader.fields | {"_accept_loss": "on"} | changes, follow=follow)


class FormReader(HTMLParser):
    """Reads the fields of the form with an id that ends in _form, as a browser without scripts would send them."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Any] = {}
        # Checkboxes, also those that are not ticked; menus and radio buttons with their values.
        self.boxes: set[str] = set()
        self.choices: dict[str, list[str]] = {}
        self._inside = False
        self._writing = self._choosing = ""
        self._choosing_many = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        name = attributes.get("name") or ""
        if tag == "form":
            self._inside = (attributes.get("id") or "").endswith("_form")
        if not self._inside or "__prefix__" in name:
            return
        if tag == "input":
            self._note_choice(name, attributes)
        if tag == "input" and name and (attributes.get("type") not in ("checkbox", "radio") or "checked" in attributes):
            value = attributes.get("value") or ("on" if attributes.get("type") == "checkbox" else "")
            if name in self.fields and attributes.get("type") == "hidden":
                before = self.fields[name]
                self.fields[name] = [*(before if isinstance(before, list) else [before]), value]
            else:
                self.fields[name] = value
        elif tag == "textarea":
            self._writing, self.fields[name] = name, ""
        elif tag == "select" and name:
            self._choosing, self._choosing_many = name, "multiple" in attributes
            self.fields[name] = [] if self._choosing_many else ""
        elif tag == "option" and self._choosing:
            value = attributes.get("value") or ""
            self.choices.setdefault(self._choosing, []).append(value)
            if "selected" not in attributes:
                return
            self.fields[self._choosing] = [*self.fields[self._choosing], value] if self._choosing_many else value

    def _note_choice(self, name: str, attributes: dict[str, str | None]) -> None:
        if attributes.get("type") == "checkbox":
            self.boxes.add(name)
        elif attributes.get("type") == "radio":
            self.choices.setdefault(name, []).append(attributes.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self._writing:
            self.fields[self._writing] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            # The first line break after the tag is the page's and not the field's.
            if self._writing:
                self.fields[self._writing] = self.fields[self._writing].removeprefix("\n")
            self._writing = ""
        elif tag == "select":
            self._choosing = ""
