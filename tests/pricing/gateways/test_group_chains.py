"""The groups that serve a token of one-hub and done-hub, as both programs answered."""

from decimal import Decimal

import pytest

from pricing.gateways.group_chains import chain_of
from pricing.gateways.reading.gateway import GatewayGroup, GatewayToken, GatewayUser

GROUPS = {
    name: GatewayGroup(name, name, "", Decimal(1), enabled=enabled, is_public=is_public)
    for name, enabled, is_public in [
        ("default", True, True), ("vip", True, True), ("svip", True, True), ("hidden", True, False),
        ("closed", False, True),
    ]
}  # fmt: skip


def chain(group: str, backup: str, user: str, *, is_done_hub: bool) -> tuple[str, ...] | None:
    token = GatewayToken(
        id=1, key="", user=1, name="", status=1, expires=-1, is_over_budget=False, limits=None, networks=(),
        is_locked=False, group=group, backup_group=backup,
    )  # fmt: skip
    return chain_of(token, GatewayUser("u", user, enabled=True), GROUPS, checks_choice=is_done_hub)


@pytest.mark.parametrize(
    ("group", "backup", "user", "one_hub", "done_hub"),
    [
        ("", "", "default", ("default",), ("default",)),
        ("vip", "", "default", ("vip",), ("vip",)),
        ("", "svip", "default", ("svip",), ("svip",)),
        ("vip", "svip", "default", ("vip", "svip"), ("vip", "svip")),
        ("vip", "vip", "default", ("vip",), ("vip",)),
        # Not public and not the user's own.
        ("hidden", "", "default", ("hidden",), None),
        ("hidden", "", "hidden", ("hidden",), ("hidden",)),
        ("svip", "hidden", "default", ("svip", "hidden"), None),
        # Disabled or missing.
        ("closed", "", "default", None, None),
        ("gone", "svip", "default", None, None),
        ("svip", "closed", "default", ("svip",), None),
        ("svip", "gone", "default", ("svip",), None),
        ("vip", "", "closed", None, None),
        ("", "", "gone", None, None),
    ],
)
def test_groups_serve_in_order(
    group: str, backup: str, user: str, one_hub: tuple[str, ...] | None, done_hub: tuple[str, ...] | None
) -> None:
    assert chain(group, backup, user, is_done_hub=False) == one_hub
    assert chain(group, backup, user, is_done_hub=True) == done_hub
