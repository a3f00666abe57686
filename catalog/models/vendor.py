"""Vendor: the company that made a model, not the one that hosts it."""

from typing import Self

from django.db import models
from django.utils.text import slugify

from catalog.db.fields import NamesField
from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet
from catalog.search.vendors import spellings_of
from catalog.vendor_matching import fold, usual_chinese_name


class VendorQuerySet(TrackedQuerySet["Vendor"]):
    def by_spelling(self) -> dict[str, "Vendor"]:
        """Folded slug, name, alias or Chinese name -> vendor; on conflict the older vendor."""
        by_spelling: dict[str, Vendor] = {}
        for vendor in self.order_by("pk"):
            for spelling in filter(None, (vendor.slug, vendor.name, *vendor.aliases, vendor.chinese_name)):
                by_spelling.setdefault(fold(spelling), vendor)
        return by_spelling

    def other(self) -> "Vendor":
        """The vendor of models whose vendor is unknown: the operator's list of models to assign."""
        return self.get_or_create(slug=Vendor.OTHER, defaults={"name": "Other"})[0]


class Vendor(TrackedModel):
    OTHER = "other"

    slug = models.SlugField(
        max_length=64,
        unique=True,
        allow_unicode=True,
        help_text="Lower case, shown to clients as owned_by, e.g. openai. Changing it may break clients.",
    )
    name = models.CharField(max_length=128, unique=True, help_text="The name that customers see, e.g. OpenAI.")
    chinese_name = models.CharField(
        max_length=128,
        blank=True,
        default="",
        db_default="",
        help_text="The name on Chinese pages, e.g. 阿里巴巴（通义千问）. Leave empty to use the usual Chinese name of "
        "a known vendor, or the name above.",
    )
    aliases = NamesField(
        default=list,
        blank=True,
        help_text="Other spellings in imported documents, separated by commas, e.g. 快手, kling.",
    )
    icon = models.CharField(
        max_length=128, blank=True, help_text="A lobe-icons name such as Claude.Color. Leave empty for no icon."
    )
    description = models.TextField(blank=True, help_text="Part of the price list, /api/pricing. Leave empty for none.")

    objects = VendorQuerySet.as_manager()
    history = history()

    class Meta:
        verbose_name = "vendor"

    def __str__(self) -> str:
        return self.name

    def name_in(self, language: str) -> str:
        """The name on pages in this language: the Chinese one in `zh-hans`, `name` in all others."""
        is_chinese = language.partition("-")[0] == "zh"
        return (self.chinese_name or usual_chinese_name(self.name) or self.name) if is_chinese else self.name

    @property
    def spellings(self) -> frozenset[str]:
        """The spellings by which a search finds its models."""
        return spellings_of(self.slug, self.name, *self.aliases, self.chinese_name)

    @classmethod
    def named(cls, name: str) -> Self:
        """An unsaved vendor with this name from a source, and a slug derived from it."""
        slug = slugify(name, allow_unicode=True) or "vendor-" + "-".join(f"{ord(letter):x}" for letter in name[:8])
        return cls(slug=slug[:64], name=name)
