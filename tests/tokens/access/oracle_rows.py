"""The random catalog of the oracle as rows of the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import models, transaction

from catalog import caches
from catalog.models import AIModel, Channel, CodexProfile, ModelAlias, Offer, Vendor
from pricing.models import GroupRate, PriceLine, PriceSheet
from tests import world
from tests.tokens.access.oracle import VENDORS, PlainCatalog, PlainPrice
from tokens.models import ModelRelease, RetiredKey, Token, TokenGroup


@contextmanager
def stored(plain: PlainCatalog) -> Iterator[list[tuple[Token, str]]]:
    """The world as rows, rolled back at the end: each token, and the key that is sent for it."""
    # The revision is rolled back too.
    caches.clear_all()
    with transaction.atomic():
        channels = {slug: Channel(slug=slug, name=slug, enabled=on) for slug, on in plain.channels.items()}
        make(channels.values())
        groups = {
            slug: TokenGroup(
                slug=slug, label=slug, is_public=group.is_public, auto_position=group.auto_position,
                rate_limit=group.rate,
            )
            for slug, group in plain.groups.items()
        }  # fmt: skip
        make(groups.values())
        make(
            GroupRate(group=groups[slug], ratio=group.ratio, starts_at=world.LONG_AGO)
            for slug, group in plain.groups.items()
            if group.ratio != "1"
        )
        reach = TokenGroup.channels.through
        make(
            reach(tokengroup=groups[slug], channel=channels[channel])
            for slug, group in plain.groups.items()
            for channel in group.reach
        )
        rows = store_models(plain, channels)
        make(
            ModelRelease(model=row, group=groups[slug], starts_at=starts_at)
            for model, row in zip(plain.models, rows, strict=True)
            for slug, starts_at in model.releases.items()
        )
        yield store_keys(plain, groups)
        transaction.set_rollback(True)


def store_models(plain: PlainCatalog, channels: dict[str, Channel]) -> list[AIModel]:
    """Each with its aliases, its offers and a price; returns the models in their order."""
    vendors = {name: Vendor(slug=name.lower(), name=name) for name in VENDORS}
    make(vendors.values())
    rows: list[AIModel] = make(
        AIModel(
            name=model.name, vendor=vendors[model.vendor], series=model.series, tags=model.tags,
            status="published" if model.published else "draft", in_price_list=model.in_price_list,
            supported_endpoint_types=model.supported, public_endpoint_types=model.public,
            input_modalities=model.inputs, output_modalities=model.outputs, retires_on=model.retires_on,
            capabilities=model.capabilities, context_length=model.context, max_output_tokens=model.max_output,
            starts_at=model.starts_at,
        )
        for model in plain.models
    )  # fmt: skip
    pairs = list(zip(rows, plain.models, strict=True))
    by_name = {row.name: row for row in rows}
    for row, model in pairs:
        row.successor, row.forwards_to_successor = by_name.get(model.successor or ""), model.forwards
    AIModel.objects.bulk_update(rows, ["successor", "forwards_to_successor"])
    make(CodexProfile(model=row, instructions=f"For {row.name}.") for row, model in pairs if model.has_codex_profile)
    make(
        Offer(model=row, channel=channels[channel], enabled=enabled)
        for row, model in pairs
        for channel, enabled in model.offers.items()
    )
    make(ModelAlias(name=alias, model=row) for row, model in pairs for alias in model.aliases)
    priced = [(row, price) for row, model in pairs for price in model.prices]
    sheets = make(PriceSheet(model=row, role="sell", starts_at=price.starts_at) for row, price in priced)
    make(
        PriceLine(sheet=sheet, position=position, **line)
        for sheet, (_, price) in zip(sheets, priced, strict=True)
        for position, line in enumerate(lines_of(price))
    )
    return rows


def lines_of(price: PlainPrice) -> list[dict[str, Any]]:
    if price.call is not None:
        return [{"meter": "request", "amount": price.call, "per": 1, "unit": "request"}]
    per_million = {"per": 1_000_000, "unit": "token"}
    lines: list[dict[str, Any]] = [{"meter": "input", "amount": price.input, **per_million}]
    if price.long is not None:
        is_long = {"dim": "prompt_tokens", "op": "gt", "value": 200_000}
        lines.append({"meter": "input", "amount": price.long, "conditions": [is_long], **per_million})
    return [*lines, {"meter": "output", "amount": price.output, **per_million}]


def store_keys(plain: PlainCatalog, groups: dict[str, TokenGroup]) -> list[tuple[Token, str]]:
    tokens = [
        Token(
            name="k", uses_auto_groups=key.auto, allow=key.allow, deny=key.deny, enabled=key.enabled,
            starts_at=key.starts_at, expires_at=key.expires_at, networks=key.networks, is_over_budget=key.over_budget,
            rate_limit=key.rate, first_group=groups[key.first] if key.first else None,
        )
        for key in plain.keys
    ]  # fmt: skip
    sent, replaced = [], []
    for token, key in zip(tokens, plain.keys, strict=True):
        sent.append(token.assign_new_key())
        if key.grace:
            replaced.append(
                RetiredKey(token=token, key_id=token.key_id, digest=token.digest, masked="", valid_until=key.grace)
            )
            token.assign_new_key()
    make(tokens)
    make(replaced)
    membership = Token.groups.through
    make(
        membership(token=token, tokengroup=groups[slug])
        for token, key in zip(tokens, plain.keys, strict=True)
        for slug in key.groups
    )
    return list(zip(tokens, sent, strict=True))


def make(rows: Any) -> Any:
    """Inserts past history and revision, which these tests have no use for."""
    rows = list(rows)
    return models.QuerySet(type(rows[0])).bulk_create(rows) if rows else []
