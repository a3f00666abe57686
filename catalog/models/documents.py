"""Snapshot: the bytes of a document as received, with its extract; name list: the ids that a document lists.

Documents and lists are stored once for each source and content, and in full only now and then: the others are
differences from one that is stored in full, because hourly documents differ in a few bytes.
"""

import gzip
import hashlib
import zlib
from collections.abc import Sequence
from typing import Any, Self

import msgspec
from django.db import models, transaction
from django.db.models import Sum
from django.db.models.functions import Length

from catalog.db import revision
from catalog.db.differences import apply_difference, find_difference
from catalog.error_messages import InputError

# Reader -> file extension and content type, for documents that are not JSON.
FORMS = {"csv": ("csv", "text/csv; charset=utf-8"), "yaml": ("yaml", "application/yaml")}

_names = msgspec.json.Decoder(list[str])


class PackedBytes(models.Model):
    """Bytes that belong to a source, compressed: in full, or as a difference from those of another row."""

    source = models.ForeignKey("catalog.Source", on_delete=models.PROTECT, related_name="%(class)ss")
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveBigIntegerField(help_text="Size in bytes.")
    packed = models.BinaryField(
        null=True,
        help_text="The bytes, compressed with gzip, or their difference from those of the base. Empty if pruned.",
    )
    base = models.ForeignKey(
        "self",
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="differences",
        help_text="The row whose bytes these are compared with. Empty if the bytes are stored in full.",
    )

    class Meta:
        abstract = True

    @classmethod
    def store(cls, source: Any, content: bytes, **values: Any) -> Self:
        """The row with these bytes; `values`: columns of a new row. Bytes of a source are stored once.

        They are stored as a difference from the newest row of the source with these values that is stored in full,
        until its differences together are larger than it.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        with transaction.atomic():
            # Pruning removes bytes that nothing refers to yet.
            revision.hold()
            table: Any = cls
            rows = table._default_manager.filter(source=source)
            stored: Self | None = rows.filter(sha256=sha256).defer("packed", "base").first()
            if stored is not None and rows.filter(pk=stored.pk, packed__isnull=False).exists():
                return stored
            row = stored or cls(source=source, sha256=sha256, size=len(content), **values)
            newest = rows.filter(base=None, packed__isnull=False, **values).order_by("-pk").first()
            row.base, row.packed = newest, None if newest is None else newest._difference_to(content)  # noqa: SLF001
            if row.packed is None:
                row.base, row.packed = None, cls.pack(content)
            row.save()
        return row

    @property
    def content(self) -> bytes:
        """The bytes; InputError if they were pruned or are damaged."""
        if self.packed is None:
            raise InputError(f"The stored document {self} was pruned: only its hash, size and date are left.")
        try:
            content = self._unpack(bytes(self.packed))
        except (OSError, EOFError, ValueError, zlib.error):
            content = b""
        if len(content) != self.size or hashlib.sha256(content).hexdigest() != self.sha256:
            raise InputError(
                f"The stored document {self} is damaged: it cannot be unpacked. Import the document again."
            )
        return content

    @staticmethod
    def pack(content: bytes) -> bytes:
        return gzip.compress(content, mtime=0)

    def _unpack(self, packed: bytes) -> bytes:
        base: Any = self.base
        return gzip.decompress(packed) if base is None else apply_difference(base.content, packed, size=self.size)

    def _difference_to(self, content: bytes) -> bytes | None:
        """The difference from this row, unless it is better to store the content in full."""
        table: Any = type(self)
        total = table._default_manager.filter(base=self).aggregate(total=Sum(Length("packed")))["total"] or 0
        if self.packed is None or total > len(self.packed):
            return None
        try:
            return find_difference(self.content, content)
        except InputError:
            return None


class Snapshot(PackedBytes):
    """The bytes exactly as received, so that nothing in a document is lost."""

    origin = models.CharField(max_length=255, blank=True, help_text="The file name or the address of the document.")
    taken_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "snapshot"
        constraints = [models.UniqueConstraint(fields=["source", "sha256"], name="catalog_snapshot_once_a_source")]

    def __str__(self) -> str:
        return f"{self.source} {self.sha256[:12]}"

    @property
    def file_name(self) -> str:
        """A file name made of the origin's letters, digits and dashes."""
        return f"{self.source.slug}-{self.sha256[:12]}.{self._form[0]}"

    @property
    def content_type(self) -> str:
        return self._form[1]

    @property
    def _form(self) -> tuple[str, str]:
        return FORMS.get(self.source.reader or self.source.slug, ("json", "application/json"))


class DocumentExtract(models.Model):
    """What a document of a public price book states, in a form from which one model can be read.

    It can be made again from the document at any time, see pricing/verification/extracts.py.
    """

    snapshot = models.OneToOneField(Snapshot, on_delete=models.CASCADE, related_name="extract")
    version = models.CharField(max_length=64, help_text="A hash of the code that made it: other code makes it again.")
    packed = models.BinaryField(help_text="The statements, compressed.")

    class Meta:
        verbose_name = "extract of a document"
        verbose_name_plural = "extracts of documents"

    def __str__(self) -> str:
        return f"Extract of {self.snapshot}"


class NameList(PackedBytes):
    """The ids that a document lists, in its order: documents that list the same models share one."""

    class Meta:
        verbose_name = "name list"
        constraints = [models.UniqueConstraint(fields=["source", "sha256"], name="catalog_namelist_once_a_source")]

    def __str__(self) -> str:
        return f"{self.source} {self.sha256[:12]}"

    @classmethod
    def of(cls, source: Any, names: Sequence[str]) -> Self:
        """The stored list of these names."""
        return cls.store(source, msgspec.json.encode(list(names)))

    @property
    def names(self) -> list[str]:
        """InputError if the stored bytes are damaged."""
        return _names.decode(self.content)
