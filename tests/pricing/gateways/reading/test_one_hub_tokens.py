"""Tokens of one-hub and done-hub: limits and addresses are compared exactly; older versions have older limits."""

from pathlib import Path
from typing import Any

import pytest

from pricing.gateways.reading.databases import sqlite_file
from pricing.gateways.reading.gateway import Gateway
from pricing.gateways.reading.reader import read_gateway
from tests.pricing.gateways.databases import sqlite_gateway, token


def read(folder: Path, program: str = "one-hub", **rows: Any) -> Gateway:
    with sqlite_file(sqlite_gateway(folder, program, **rows)) as tables:
        return read_gateway(tables)


@pytest.mark.parametrize(
    ("setting", "limits"),
    [
        (None, None),
        ("{broken", None),
        ('{"limits": null}', None),
        ('{"limits": {"limit_model_setting": {"enabled": false, "models": ["a"]}}}', None),
        ('{"limits": {"limit_model_setting": {"enabled": true, "models": ["a", "B", "a"]}}}', ("a", "B")),
        ('{"limits": {"limit_model_setting": {"enabled": true, "models": []}}}', ()),
        ('{"limits": {"limit_model_setting": {"enabled": true, "models": null}}}', ()),
        # Names are compared as they are: neither trimmed nor as patterns.
        ('{"limits": {"limit_model_setting": {"enabled": true, "models": [" a", "b-*", "b-1"]}}}', ("b-1",)),
        # The form before the migration of both programs.
        ('{"limits": {"enabled": true, "models": ["a"]}}', ("a",)),
        ('{"limits": {"enabled": false, "models": ["a"]}}', None),
    ],
)
def test_limits_are_exact_names(tmp_path: Path, setting: str | None, limits: tuple[str, ...] | None) -> None:
    assert read(tmp_path, tokens=[token(1, setting=setting)]).tokens[0].limits == limits


def test_limits_in_their_old_form_are_ignored_after_the_migration(tmp_path: Path) -> None:
    old = '{"limits": {"enabled": true, "models": ["a"]}}'
    migrated = read(tmp_path, tokens=[token(1, setting=old)], migrations=[{"id": "202510160002"}])

    assert migrated.tokens[0].limits is None


@pytest.mark.parametrize(
    ("whitelist", "networks", "is_locked"),
    [
        ('["127.0.0.1", "10.1.2.3/8", "127.0.0.1"]', ("127.0.0.1", "10.0.0.0/8"), False),
        ('["bad", "::1"]', ("::1",), False),
        ('["bad", " 127.0.0.1"]', (), True),
        ("[]", (), False),
        ("null", (), False),
    ],
)
def test_addresses_are_exact_or_networks(
    tmp_path: Path, whitelist: str, networks: tuple[str, ...], is_locked: bool
) -> None:
    setting = f'{{"limits": {{"limits_ip_setting": {{"enabled": true, "whitelist": {whitelist}}}}}}}'

    read_token = read(tmp_path, tokens=[token(1, setting=setting)]).tokens[0]

    assert (read_token.networks, read_token.is_locked) == (networks, is_locked)
