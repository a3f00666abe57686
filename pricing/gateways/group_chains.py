"""Which groups of one-hub and done-hub serve the calls of a token, in order. No database."""

from collections.abc import Mapping

from pricing.gateways.reading.gateway import GatewayGroup, GatewayToken, GatewayUser


def chain_of(
    token: GatewayToken, user: GatewayUser, groups: Mapping[str, GatewayGroup], *, checks_choice: bool
) -> tuple[str, ...] | None:
    """The token's group and its backup, else its user's group; None if the program refuses the calls.

    Both programs find the limit on calls by the user's own group, so without it no call is served. `checks_choice`:
    done-hub also refuses a token whose group or backup its user may not choose; one-hub checks that only when the token
    is saved, and tries a backup that it does not know without success.
    """
    usable = {name for name, group in groups.items() if group.enabled}
    if user.group not in usable:
        return None
    named = [name for name in (token.group, token.backup_group) if name]
    if checks_choice and any(not _may_choose(name, user, groups) for name in named):
        return None
    first, *backups = named or [user.group]
    if first not in usable:
        return None
    return tuple(dict.fromkeys((first, *(name for name in backups if name in usable))))


def listed_group(token: GatewayToken, user: GatewayUser, *, checks_choice: bool) -> str:
    """The group whose models the token lists: the first that serves it; done-hub does not look at the backup for it."""
    return token.group or (not checks_choice and token.backup_group) or user.group


def _may_choose(name: str, user: GatewayUser, groups: Mapping[str, GatewayGroup]) -> bool:
    group = groups.get(name)
    return name == user.group or (group is not None and group.enabled and group.is_public)
