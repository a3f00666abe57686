"""An oracle: what a gateway's own rules give a key, worked out from its tables alone, with what they get wrong mended.

Mended: a list of limits narrows what the groups reach and lists nothing beyond it; a key whose budget is used up still
lists, as listing costs nothing; a key of a group that its user may not use lists nothing, unless the group is auto.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def rows(file: Path, table: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(f"file:{file}?immutable=1", uri=True)) as opened:
        opened.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in opened.execute(f'SELECT * FROM "{table}"')]  # noqa: S608
        except sqlite3.OperationalError:
            return []


def visible(file: Path, *, now: int) -> dict[str, set[str] | None]:
    """Key -> the models that it lists; None for one that is refused. Deleted tokens are not in it."""
    options = {row["key"]: row["value"] for row in rows(file, "options")}
    users = {row["id"]: row for row in rows(file, "users")}
    models_by_key: dict[str, set[str] | None] = {}
    for token in rows(file, "tokens"):
        if token.get("deleted_at"):
            continue
        user = users.get(token["user_id"], {"group": "default", "status": 1 if not users else 2})
        expired = token["expired_time"] != -1 and token["expired_time"] < now
        if token["status"] in (2, 3) or expired or user["status"] != 1:
            models_by_key[token["key"]] = None
            continue
        of_token = groups(token, user, options)
        if of_token is None:
            models_by_key[token["key"]] = None
            continue
        reached = {name for group in of_token for name in abilities(file, group)}
        limits = limits_of(token)
        models_by_key[token["key"]] = reached if limits is None else reached & limits
    return models_by_key


def groups(token: dict[str, Any], user: dict[str, Any], options: dict[str, str]) -> set[str] | None:
    """None for a token of group auto that the user may not use."""
    chosen = token.get("group") or ""
    if not chosen:
        return {user["group"]}
    usable = {*json.loads(options.get("UserUsableGroups", '{"default": "", "vip": ""}')), user["group"]}
    special = json.loads(options.get("group_ratio_setting.group_special_usable_group", "{}"))
    usable |= {entry.removeprefix("+:") for entry in special.get(user["group"], {})}
    if chosen == "auto" and "auto" not in usable:
        return None
    if chosen == "auto":
        return {group for group in json.loads(options.get("AutoGroups", '["default"]')) if group in usable}
    rates = json.loads(options.get("GroupRatio", '{"default": 1, "vip": 1, "svip": 1}'))
    return {chosen} if chosen in usable and chosen in rates else set()


def limits_of(token: dict[str, Any]) -> set[str] | None:
    if "model_limits" in token:
        return set(token["model_limits"].split(",")) if token["model_limits_enabled"] else None
    return set(token["models"].split(",")) if token["models"] else None


def abilities(file: Path, group: str) -> set[str]:
    """What the channels of a group offer; the table of that name is a copy, and may be stale."""
    return {
        name.strip()
        for channel in rows(file, "channels")
        if channel["status"] == 1 and group in [name_of_group.strip() for name_of_group in channel["group"].split(",")]
        for name in channel["models"].split(",")
        if name.strip()
    }
