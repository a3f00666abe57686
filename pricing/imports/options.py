"""How a document is imported: the options of the command and of a source, as they are stored with a run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.error_messages import InputError
from catalog.imports.documents import matches
from catalog.imports.import_policy import ImportPolicy
from catalog.models import Source
from catalog.names.typed_lists import split_all
from catalog.source_trust import CURATED, TRUST
from catalog.sources import SOURCES, SourceReader


@dataclass(frozen=True)
class Options:
    """How a document is imported."""

    source: SourceReader
    role: str = ""
    channel: str = ""
    group: str = ""
    only: tuple[str, ...] = ()
    # Whose offers are imported, if the source lists many providers. Empty: those of the models' vendors.
    providers: tuple[str, ...] = ()
    publish: bool = False
    allow_removals: bool = False
    # Whether keys may lose more than 5 % of their models, or all of them.
    accept_loss: bool = False
    # Whether prices may move far: of all models, or of those that match the patterns.
    accept_jumps: bool | tuple[str, ...] = False
    # Patterns of ids whose price is confirmed, although it may be the placeholder for a missing price.
    accept_placeholders: tuple[str, ...] = ()
    # Also change values of people and more trusted sources; pinned fields stay unchanged.
    overrule: bool = False
    # What happens to rows that the file no longer contains: they are deleted, or models become drafts. Empty: nothing.
    prune: str = ""
    # For a comparison: every difference, whatever may be changed. It is not stored.
    ignores_pins: bool = False
    # The slug of the source, if several sources have the same reader.
    name: str = ""

    @property
    def slug(self) -> str:
        return self.name or self.source.slug

    @property
    def prices_as(self) -> str:
        return self.role or self.source.kind

    def accepts_jump(self, model: str) -> bool:
        """Whether the price of this model may move far."""
        patterns = self.accept_jumps
        if isinstance(patterns, bool):
            return patterns
        # An id may contain letters that are special in patterns.
        return model in patterns or (bool(patterns) and matches(model, patterns))

    @property
    def accepted_patterns(self) -> tuple[str, ...]:
        """The patterns of models whose prices may move far; none if this is not decided by model."""
        return () if isinstance(self.accept_jumps, bool) else self.accept_jumps

    def as_json(self) -> dict[str, Any]:
        return {
            "source": self.source.slug,
            "as": self.prices_as,
            "channel": self.channel,
            "group": self.group,
            "only": list(self.only),
            "providers": list(self.providers),
            "publish": self.publish,
            "allow_removals": self.allow_removals,
            "accept_loss": self.accept_loss,
            "accept_jumps": self.accept_jumps if isinstance(self.accept_jumps, bool) else list(self.accept_jumps),
            "accept_placeholders": list(self.accept_placeholders),
            "overrule": self.overrule,
            **({"prune": self.prune} if self.prune else {}),
        }

    @classmethod
    def from_json(cls, options: Mapping[str, Any], *, name: str) -> "Options":
        """The options of a stored run; `name` is the slug of its source."""
        reader = SOURCES.get(options.get("source", ""))
        if reader is None:
            raise InputError(f"Documents of the kind {options.get('source')!r} are no longer supported.")
        return cls(
            source=reader,
            role=options.get("as", ""),
            channel=options.get("channel", ""),
            group=options.get("group", ""),
            only=tuple(options.get("only", ())),
            providers=tuple(options.get("providers", ())),
            publish=options.get("publish", False),
            accept_placeholders=tuple(options.get("accept_placeholders", ())),
            overrule=options.get("overrule", False),
            prune=options.get("prune", ""),
            name="" if name == reader.slug else name,
        )

    @classmethod
    def of_source(cls, source: Source) -> "Options":
        """The options for the documents of a source that is fetched regularly."""
        options = {
            "source": source.reader or source.slug,
            "as": source.prices_as,
            "channel": source.channel,
            "group": source.group,
            "only": source.only,
            "providers": source.providers,
            "publish": source.publish,
        }
        return cls.from_json(options, name=source.slug)

    @classmethod
    def chosen(cls, source: str, **options: Any) -> "Options":
        """The options for a document of a stored source or of a format; InputError if it is neither.

        The other options have the names of `as_json`.
        """
        stored = Source.objects.filter(slug=source).first()
        reader = (stored.reader if stored else "") or source
        if reader not in SOURCES:
            known = dict.fromkeys([*SOURCES, *Source.objects.order_by("slug").values_list("slug", flat=True)])
            raise InputError(f"There is no source {source!r}. Use one of: {', '.join(known)}.")
        return cls.from_json({"source": reader, **options}, name=source)

    def policy(self) -> ImportPolicy:
        """What the source may change."""
        if self.ignores_pins:
            return ImportPolicy.unrestricted()
        source = Source.objects.filter(slug=self.slug).first() or self._new_source()
        return ImportPolicy.of(source.as_writer(self.providers), overrule=self.overrule)

    def stored_source(self) -> Source:
        """The source's row, created if it is missing."""
        new = self._new_source()
        defaults = {name: getattr(new, name) for name in ("name", "kind", "url", "reader", "trust")}
        return Source.objects.get_or_create(slug=self.slug, defaults=defaults)[0]

    def _new_source(self) -> Source:
        reader = self.source
        return Source(
            slug=self.slug,
            name=reader.name if self.slug == reader.slug else self.slug,
            kind=reader.kind,
            url=reader.url,
            reader="" if self.slug == reader.slug else reader.slug,
            trust=TRUST.get(reader.slug, CURATED),
        )


def accepted_jumps(patterns: Sequence[str] | None) -> bool | tuple[str, ...]:
    """The value of an option that may be absent (None), or given without patterns for all models."""
    return tuple(split_all(patterns)) if patterns else patterns is not None
