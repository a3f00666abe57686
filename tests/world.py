"""The cast that tests start from: builders that make one thing each, with what it needs, in one line."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from catalog.models import AIModel, Channel, Offer, Vendor
from catalog.prices import MILLION
from pricing.models import GroupRate, PriceLine, PriceSheet
from tokens.events.outbox import send_to
from tokens.models import AdminKey, Delivery, Token, TokenGroup, Webhook
from tokens.operators.admin_keys import issue

LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def vendor(slug: str = "openai", **fields: Any) -> Vendor:
    return Vendor.objects.get_or_create(slug=slug, defaults={"name": slug.title()} | fields)[0]


def channel(slug: str = "main", *, group: str | None = "default", **fields: Any) -> Channel:
    """A channel that the group reaches."""
    channel = Channel.objects.get_or_create(slug=slug, defaults={"name": slug.title()} | fields)[0]
    if group:
        token_group(group).channels.add(channel)
    return channel


def token_group(slug: str = "default", **fields: Any) -> TokenGroup:
    return TokenGroup.objects.get_or_create(
        slug=slug, defaults={"label": slug.title(), "is_public": slug == "default"} | fields
    )[0]


def model(name: str = "gpt-4o", *, on: str | Channel | None = "main", **fields: Any) -> AIModel:
    """A published model, offered on the channel named; a channel that is not there yet is made, for group default."""
    model = AIModel.objects.create(
        **{
            "name": name,
            "vendor": fields.pop("vendor", None) or vendor(),
            "status": AIModel.Status.PUBLISHED,
            "supported_endpoint_types": ["openai"],
        }
        | fields
    )
    if isinstance(on, str):
        on = Channel.objects.filter(slug=on).first() or channel(on)
    if on is not None:
        Offer.objects.create(model=model, channel=on)
    return model


def key(*groups: str, name: str = "a customer", **fields: Any) -> str:
    """A new token's key; in group default unless others are named."""
    return token(*groups, name=name, **fields)[1]


def token(*groups: str, name: str = "a customer", **fields: Any) -> tuple[Token, str]:
    """A new token and its key."""
    token_and_key: tuple[Token, str] = Token.objects.issue(
        name, groups=[token_group(slug) for slug in groups or ("default",)], **fields
    )
    return token_and_key


def admin_key(*scopes: str, operator: User | None = None, name: str = "Shop", **fields: Any) -> tuple[AdminKey, str]:
    """A new key for the management API and its text: of a superuser named root, unless of another operator."""
    operator = (
        operator
        or User.objects.filter(username="root").first()
        or User.objects.create_superuser("root", email="root@example.com")
    )
    return issue(operator, name=name, scopes=scopes or ("read",), **fields)


def price(
    of: AIModel, *, role: str = "sell", currency: str = "USD", starts_at: dt.datetime = LONG_AGO, **amounts: str
) -> PriceSheet:
    """A sheet with prices per million tokens: price(model, input="2.5", output="10", input__cache_read="1.25")."""
    sheet = PriceSheet.objects.create(model=of, role=role, currency=currency, starts_at=starts_at)
    for position, (meter, amount) in enumerate(amounts.items()):
        line(sheet, meter.replace("__", "."), amount, position=position)
    return sheet


def rate(group: TokenGroup, ratio: str | Decimal | int, starts_at: dt.datetime = LONG_AGO) -> GroupRate:
    """What the group pays of a price from a moment on."""
    return GroupRate.objects.create(group=group, ratio=Decimal(ratio), starts_at=starts_at)


def line(sheet: PriceSheet, meter: str, amount: str | None, **fields: Any) -> PriceLine:
    return PriceLine.objects.create(
        **{
            "sheet": sheet,
            "meter": meter,
            "amount": None if amount is None else Decimal(amount),
            "per": MILLION,
            "unit": "token",
            "position": sheet.lines.count(),
        }
        | fields
    )


def webhook(url: str = "https://hooks.example.com/", *events: str, kind: str = "webhook", **columns: Any) -> Webhook:
    """A webhook for events of these types, or all."""
    row = Webhook(kind=kind, url=url, events=list(events), **columns)
    row.assign_secret()
    row.save_with(vendors=[], groups=[])
    return row


def delivery(to: Webhook | None = None, **columns: Any) -> Delivery:
    """An event that waits for a webhook, or what the columns say."""
    data: dict[str, Any] = {"key_id": "k1", "name": "a customer", "groups": [], "metadata": {}}
    data |= {"starts_at": None, "expires_at": None}
    event = send_to(to or webhook(), "token.issued", data, at=timezone.now())
    row = event.deliveries.get()
    for name, value in columns.items():
        setattr(row, name, value)
    row.save()
    return row
