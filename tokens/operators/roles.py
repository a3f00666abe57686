"""The built-in roles: sets of permissions that migrations create and update, and that nobody edits.

Operators copy a built-in role to change it. A role of the same name that operators had before gets another name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from tokens.models import BuiltInRole

# Label of a table -> actions.
Actions = Mapping[str, str]
VIEW, WRITE, ALL = "view", "view add change", "view add change delete"

FACTS: Actions = dict.fromkeys(
    (
        "catalog.vendor",
        "catalog.endpointtype",
        "catalog.channel",
        "catalog.aimodel",
        "catalog.modelalias",
        "catalog.codexprofile",
        "catalog.offer",
        "catalog.fieldpin",
        "tokens.modelrelease",
        "pricing.popularmodel",
    ),
    ALL,
)
PRICES: Actions = dict.fromkeys(
    ("pricing.pricesheet", "pricing.priceline", "pricing.discountrule", "pricing.grouprate", "pricing.currencyrate"),
    ALL,
)
IMPORTS: Actions = {"catalog.importrun": "view change", "catalog.source": WRITE, "catalog.snapshot": VIEW}
USAGE: Actions = dict.fromkeys(("pricing.usageevent", "pricing.usagecount", "pricing.usagereporter"), VIEW)
# What each role shows of the catalog; and operators have their own admin keys, which may do no more than they may.
SHOWN: Actions = {
    **dict.fromkeys([*FACTS, "tokens.tokengroup"], VIEW),
    "catalog.revision": VIEW,
    "tokens.adminkey": WRITE,
}
EVENTS = ("tokens.webhook", "tokens.event", "tokens.delivery")
EVERYTHING: Actions = {
    **SHOWN,
    **dict.fromkeys([*PRICES, *IMPORTS, *USAGE, *EVENTS, "tokens.token", "catalog.pruning"], VIEW),
}


@dataclass(frozen=True)
class Role:
    """A built-in role; `description` completes "Members can …"."""

    slug: str
    name: str
    description: str
    actions: Actions = field(default_factory=dict)

    def permissions(self) -> Iterator[tuple[str, str]]:
        """App label and code name of each permission."""
        for label, actions in self.actions.items():
            app, table = label.split(".")
            for action in actions.split():
                yield app, f"{action}_{table}"


ROLES = (
    Role("viewer", "Viewer", "see everything except operators and the audit trail, and change nothing", EVERYTHING),
    Role(
        "support",
        "Support",
        "issue and change tokens, explain what keys can see and why requests are refused, and see reported calls",
        {**SHOWN, "tokens.token": WRITE, "pricing.usageevent": VIEW},
    ),
    Role(
        "catalog",
        "Catalog",
        "change models, vendors, channels, offers and endpoint types, and release models to groups",
        {**SHOWN, **FACTS},
    ),
    Role(
        "pricing",
        "Pricing",
        "set prices, discounts and rates, and see usage and what calls have cost",
        {**SHOWN, **PRICES, "pricing.usageevent": VIEW, "pricing.usagecount": VIEW},
    ),
    Role(
        "importer",
        "Importer",
        "configure sources, and apply the models of imports; prices wait for somebody with the role Pricing",
        {
            **SHOWN,
            **dict.fromkeys(FACTS, WRITE),
            **IMPORTS,
            "pricing.pricesheet": VIEW,
            "pricing.priceline": VIEW,
        },
    ),
    Role(
        "automation",
        "Automation",
        "send events to other programs, send them again, and see everything that events contain",
        {**EVERYTHING, "tokens.webhook": ALL, "tokens.delivery": "view change"},
    ),
    Role(
        "auditor",
        "Auditor",
        "see everything, also the audit trail and operators, and change nothing",
        {**EVERYTHING, "catalog.auditentry": VIEW, "auth.user": VIEW, "auth.group": VIEW},
    ),
)
BY_SLUG = {role.slug: role for role in ROLES}


def create_roles() -> None:
    """Creates missing built-in roles and gives each one exactly its permissions."""
    permissions = Permission.objects.select_related("content_type")
    stored = {(row.content_type.app_label, row.codename): row for row in permissions}
    with transaction.atomic():
        marks = {mark.slug: mark for mark in BuiltInRole.objects.select_related("role")}
        # A role that the software no longer has is an ordinary one from now on.
        BuiltInRole.objects.exclude(slug__in=BY_SLUG).delete()
        for role in ROLES:
            mark = marks.get(role.slug)
            if mark is None:
                _rename_role_of(role.name)
                mark = BuiltInRole.objects.create(slug=role.slug, role=Group.objects.create(name=role.name))
            # A permission is missing while only some apps are migrated.
            mark.role.permissions.set([stored[key] for key in role.permissions() if key in stored])


def _rename_role_of(name: str) -> None:
    """Gives a role that operators created another name, if it has the name of a built-in one."""
    custom = Group.objects.filter(name=name).first()
    if custom is not None:
        names = (f"{name} (custom{f' {number}' if number > 1 else ''})" for number in count(1))
        custom.name = next(free for free in names if not Group.objects.filter(name=free).exists())
        custom.save(update_fields=["name"])


def built_in(role: Group) -> Role | None:
    """The definition of a role; None for a role that operators created."""
    mark = getattr(role, "built_in", None) if role.pk else None
    return None if mark is None else BY_SLUG.get(mark.slug)
