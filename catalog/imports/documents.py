"""Documents of sources: read within limits, limited to the requested models, with aliases replaced by their models."""

import fnmatch
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from catalog.error_messages import InputError, count
from catalog.exact import InexactError
from catalog.imports.context import Findings
from catalog.imports.resolving import Match, Resolver
from catalog.models import AIModel, ModelAlias
from catalog.sources.limits import LARGEST_FILE, MOST_MODELS, MOST_PRICES, MOST_VALUES
from catalog.sources.records import UNCONFIRMED, Document, Record
from catalog.sources.rows import SourceError, refuse_more
from catalog.sources.yaml_folders import join


def open_file(path: Path) -> BinaryIO:
    """A file of any size, opened for reading."""
    # Opening a pipe waits for a writer, which may never come.
    if path.exists() and not path.is_file():
        raise InputError(f"{path} is not a file.")
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        raise InputError("The name of the file contains a NUL character.") from None


def read_file(path: Path) -> bytes:
    """The bytes of a file, unless it is larger than any source."""
    try:
        with open_file(path) as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    if len(content) > LARGEST_FILE:
        raise InputError(f"{path} is larger than {LARGEST_FILE // 1024**2} MiB, which is more than any source has.")
    return content


def read_catalog(path: Path) -> bytes:
    """A catalog as YAML: a file, or a folder of files as one document."""
    if not path.is_dir():
        return read_file(path)
    try:
        return join(path)
    except SourceError as error:
        raise InputError(str(error)) from None
    except OSError as error:
        raise InputError(f"{error.filename or path} cannot be read: {error.strerror or error}.") from None


def read_document(
    read: Callable[[bytes], Document],
    content: bytes,
    *,
    only: Sequence[str] = (),
    providers: Sequence[str] = (),
    placeholders: Sequence[str] = (),
) -> Document:
    """The document, limited to models whose ids match a pattern, if there are patterns.

    Prices that may be placeholders are only those of models that match a pattern of `placeholders`.

    From a source that lists offers of many providers, only those of `providers` are taken, the first provider first;
    without `providers` those of the models' own vendors. InputError if nothing can be imported.
    """
    if not content.strip(b"\xef\xbb\xbf \t\r\n"):
        raise InputError("The document is empty.")
    if sum(map(content.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise InputError(f"The document has more than {MOST_VALUES:,} values, which is more than any source has.")
    try:
        document = read(content)
        if not document.records and not document.structure.sections:
            raise InputError("The document contains no models.")
        document = _choose_providers(document, providers)
        refuse_more(len(document.records), MOST_MODELS, of="models")
        refuse_more(sum(map(_number_of_lines, document.records)), MOST_PRICES, of="prices")
    except (InexactError, SourceError) as error:
        raise InputError(str(error)) from None
    records = tuple(record for record in document.records if matches(record.name, only))
    if not records and (only or not document.structure.sections):
        raise InputError(f"None of the {count(len(document.records), 'model')} matches {', '.join(only)}.")
    records = tuple(_with_confirmed_price(record, placeholders) for record in records)
    return replace(document, records=records, listed=tuple(record.name for record in document.records))


def _with_confirmed_price(record: Record, placeholders: Sequence[str]) -> Record:
    if record.unconfirmed is None or not placeholders or not matches(record.name, placeholders):
        return record
    findings = tuple(finding.replace(UNCONFIRMED, "it was accepted as the price") for finding in record.findings)
    return replace(record, prices=record.unconfirmed, unconfirmed=None, findings=findings)


def _number_of_lines(record: Record) -> int:
    sheets = (record.prices, *record.schedule, *record.announced, *record.past)
    return sum(len(sheet.lines) for sheet in sheets if sheet is not None)


def _choose_providers(document: Document, providers: Sequence[str]) -> Document:
    """One record per model: the offer of its vendor, or of the first of the requested providers."""
    listed = dict.fromkeys(record.provider for record in document.records if record.provider)
    for provider in providers:
        if provider not in listed:
            known = (
                f"it has {', '.join(list(listed)[:12])}{', …' if len(listed) > 12 else ''}" if listed else "it has none"
            )
            raise InputError(f"The document lists no provider {provider[:64]!r}; {known}.")
    if not listed:
        return document
    chosen = [record for record in document.records if record.first_party or not record.provider]
    if providers:
        chosen = [record for provider in providers for record in document.records if record.provider == provider]
    if not chosen:
        raise InputError("No model in the document is offered by its own vendor: choose providers with --provider.")
    records: dict[str, Record] = {}
    for record in chosen:
        records.setdefault(record.name, record)
    left_out = listed.keys() - {record.provider for record in chosen}
    findings = document.findings
    if left_out and not providers:
        number = len(document.records) - len(chosen)
        others = count(len(left_out), "reseller or host", "resellers and hosts")
        sentence = f"{count(number, 'offer')} of {others} {'was' if number == 1 else 'were'} left out"
        findings = (*findings, f"{sentence}: a vendor's own price is the list price; choose others with --provider")
    taken = set(map(id, records.values()))
    unmapped = tuple(key for record in document.records if id(record) not in taken for key in record.unmapped)
    return replace(document, records=tuple(records.values()), findings=findings, unmapped=unmapped)


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether the id matches one of the patterns; without patterns every id does."""
    return not patterns or any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


@dataclass(frozen=True)
class Resolution:
    """A document whose aliases are replaced by their models."""

    document: Document
    # Alias -> the model that its row was assigned to.
    aliases: dict[str, str] = field(default_factory=dict)
    # Unknown id -> the model that it may mean.
    unmatched: dict[str, Match] = field(default_factory=dict)


def resolve(document: Document, findings: Findings, *, aliases: Container[str] | None = None) -> Resolution:
    """Assigns the rows of aliases to their models, and suggests a model for unknown ids.

    `aliases`: those that are followed; None: all. Only aliases made by an operator or a source are followed. If the
    document lists the model itself, its own row is used and the alias's row left out.
    """
    stored = ModelAlias.objects.values_list("name", "model__name")
    followed = {name: model for name, model in stored if aliases is None or name in aliases}
    resolver = Resolver(AIModel.objects.values_list("name", flat=True), followed)
    listed = {record.name for record in document.records}
    resolved: dict[str, str] = {}
    unmatched: dict[str, Match] = {}
    records: dict[str, Record] = {}
    for record in document.records:
        model = resolver.find(record.name)
        if model is None and resolver.models and (match := resolver.suggest(record.name, also=record.also)):
            unmatched[record.name] = match
        if model is None or model == record.name:
            records[record.name] = record
        elif model in listed or model in records:
            sentence = f"is an alias of {model}, which has a row of its own; this row was left out"
            findings.leave_out(sentence, record.name)
        else:
            resolved[record.name] = model
            records[model] = replace(record, name=model)
    structure = document.structure.renamed(resolved)
    return Resolution(replace(document, records=tuple(records.values()), structure=structure), resolved, unmatched)
