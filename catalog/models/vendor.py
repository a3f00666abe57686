"""Vendor: who made a model (not who hosts it)."""

from typing import Self

from django.db import models
from django.utils.text import slugify

from catalog.db.fields import NamesField
from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet
from catalog.vendor_matching import fold


class VendorQuerySet(TrackedQuerySet["Vendor"]):
    def by_spelling(self) -> dict[str, "Vendor"]:
        """Every vendor under its folded slug, name and aliases."""
        found: dict[str, Vendor] = {}
        for vendor in self.order_by("pk"):
            for spelling in (vendor.slug, vendor.name, *vendor.aliases):
                found.setdefault(fold(spelling), vendor)
        return found

    def other(self) -> "Vendor":
        """The vendor of models whose vendor is not known; the operator's list of models to sort."""
        return self.get_or_create(slug=Vendor.OTHER, defaults={"name": "Other"})[0]


class Vendor(TrackedModel):
    OTHER = "other"

    slug = models.SlugField(
        max_length=64,
        unique=True,
        help_text="Lower case, shown to clients as owned_by, e.g. openai. Do not change it lightly.",
    )
    name = models.CharField(max_length=128, unique=True, help_text="As customers read it, e.g. OpenAI.")
    aliases = NamesField(
        default=list, blank=True, help_text="Other spellings that imports meet, separated by commas, e.g. 快手, kling."
    )
    icon = models.CharField(max_length=128, blank=True, help_text="A lobe-icons name such as Claude.Color, or empty.")
    description = models.TextField(blank=True)

    objects = VendorQuerySet.as_manager()
    history = history()

    class Meta:
        verbose_name = "vendor"

    def __str__(self) -> str:
        return self.name

    @classmethod
    def named(cls, name: str) -> Self:
        """An unsaved vendor for a name met in a source, with a slug made of it."""
        slug = slugify(name) or "vendor-" + "-".join(f"{ord(letter):x}" for letter in name[:8])
        return cls(slug=slug[:64], name=name)
