"""What the claims of an OpenID Connect provider say: who it is, which roles, and whether with a second factor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SUPERUSER = "superuser"
MAX_USERNAME = 150
# RFC 8176: the sign-in used several factors.
SEVERAL_FACTORS = "mfa"
# In the session: the key of the operator for whom the provider stated it.
SEVERAL_FACTORS_FOR = "operator_several_factors_for"


@dataclass(frozen=True)
class Grant:
    """What the provider's claim gives to an operator; `managed` roles are taken away without it."""

    roles: frozenset[str]
    is_superuser: bool
    managed: frozenset[str]
    manages_superusers: bool


def read_grant(claims: Mapping[str, Any], claim: str, roles: Mapping[str, str]) -> Grant | None:
    """The grant of these claims; None if no value of the claim has a role."""
    granted = {roles[value] for value in values_of(claims, claim) if value in roles}
    if not granted:
        return None
    managed = set(roles.values())
    return Grant(
        frozenset(granted - {SUPERUSER}), SUPERUSER in granted, frozenset(managed - {SUPERUSER}), SUPERUSER in managed
    )


def values_of(claims: Mapping[str, Any], claim: str) -> list[str]:
    """The texts of a claim: a text, or a list. Its name may be a path: `realm_access.roles`."""
    value: Any = claims.get(claim)
    if value is None:
        value = claims
        for part in claim.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]


def read_username(claims: Mapping[str, Any]) -> str:
    """A name for a new operator."""
    names = (claims.get(name) for name in ("preferred_username", "email", "sub"))
    return next(name.strip()[:MAX_USERNAME] for name in names if isinstance(name, str) and name.strip())


def used_several_factors(claims: Mapping[str, Any]) -> bool:
    """Whether the provider states it in `amr` of the signed token."""
    methods = claims.get("amr")
    return isinstance(methods, list) and SEVERAL_FACTORS in methods
