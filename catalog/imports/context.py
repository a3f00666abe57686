"""What all steps of one import share, created once and passed down as one value.

`PlanContext` is for planning and `WriteContext` for applying. catalog/db/import_context.py is something else: it names
the current run for history rows, which nobody passes anything to.
"""

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TypedDict

from django.contrib.auth.models import AbstractBaseUser

from catalog.imports.import_policy import ImportPolicy
from catalog.models import ImportRun
from catalog.sources.records import Document


@dataclass
class Findings:
    """Problems of a document, by sentence: most sentences are true of many models."""

    by_sentence: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unmapped: Counter[str] = field(default_factory=Counter)
    # Those about what cannot be stored: the document differs from the catalog there, and an import leaves it so.
    left_out: list[str] = field(default_factory=list)

    def leave_out(self, sentence: str, model: str | None = None) -> None:
        """Adds a problem for which something is left out."""
        self.add(sentence, model)
        self.left_out.append(f"{model}: {sentence}" if model else sentence)

    def add(self, sentence: str, model: str | None = None) -> None:
        """Adds a problem of one model, or of the whole document."""
        models = self.by_sentence[sentence]
        if model is not None:
            models.append(model)

    def collect(self, document: Document) -> None:
        """Adds the problems and the unmapped keys that the reader reported."""
        for sentence in document.findings:
            self.add(sentence)
        for record in document.records:
            for sentence in record.findings:
                self.add(sentence, record.name)
            self.unmapped.update(record.unmapped)
        self.unmapped.update(document.unmapped)


@dataclass(frozen=True)
class PlanContext:
    """The moment for which an import is planned, what its source may change, and the problems found so far."""

    at: dt.datetime
    policy: ImportPolicy = field(default_factory=ImportPolicy.unrestricted)
    findings: Findings = field(default_factory=Findings)


class Audit(TypedDict):
    """Arguments of the functions that write rows with history."""

    reason: str
    actor: AbstractBaseUser | None


@dataclass(frozen=True)
class UndoContext:
    """The moment from which something is undone, and what the history rows of that say."""

    at: dt.datetime
    reason: str
    actor: AbstractBaseUser | None

    @property
    def audit(self) -> Audit:
        return {"reason": self.reason, "actor": self.actor}


@dataclass(frozen=True)
class WriteContext(UndoContext):
    """The moment from which an import takes effect, and what its history rows say."""

    run: ImportRun
