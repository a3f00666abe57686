"""Texts use the project's terms: docs/style.md lists them, with the words that they replace.

The texts are the string literals, docstrings and comments of the code, the templates, the scripts, the translations and
the documents. A literal without a space is a key or a name that programs compare, not a text.
"""

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
APPS = ("catalog", "tokens", "pricing", "config")

# A pattern and what to write instead. Upper and lower case are the same, and a space is any white space.
GLOSSARY = {
    r"(?<!there\s)\b(?:is|are|was|were) no (?!longer\b|more\b|less\b)": "is not a valid …, is not a …",
    r"\bmost special\b": "most specific",
    r"\bof equals\b": "ties",
    r"\bst(?:ands?|ood) (?!for\b)": "appears, is",
    r"\bled on\b": "redirected",
    r"\btold\b": "reported, listed, shown",
    r"\bwhoever\b": "anyone who",
    r"\bas (?:it was|they were)\b": "unchanged",
    r"\bcheck-up\b": "health checks",
    r"\bt(?:ake|akes|aken|aking|ook)\b(?: [\w']+){0,4}? back\b": "roll back, rollback",
    r"\bspan of time\b": "duration",
    r"(?<!usage\s)\bcounts? from\b": "effective from",
    r"\bkept\b": "stored, cached, unchanged",
    r"\b(?:makers?|sellers?)\b": "vendor, provider",
    r"\bcount on conditions\b": "conditions apply; additional fees apply",
    r"\bwhat it sees\b": "Which models can this key see?",
    r"\banew\b": "again, new",
    r"\bof which\b": "rewrite the sentence",
    r"\bbecomes? of\b": "happens to",
    r"\bhangs? on\b": "depends on",
    r"\bfor ever\b": "forever, without end",
    r"\b(?:its|their) kin\b": "compatible systems",
    r"\b(?:thereof|wherein|whereof|hence|thus|lest|upon|nought|naught)\b": "rewrite the sentence",
    r"(?:\A|[.!?] )(?-i:Of) (?!course\b)": "start with the subject",
    r"\bin force\b": "current, in effect",
    r"\bgo(?:es)? (?:on|by)\b": "continues, uses",
    r"\b(?:is|are) to be\b": "rewrite the sentence",
    r"\bthe like\b": "name it",
    r"\bput right\b": "correct",
    r"\btells?\b": "shows, reports, lists",
    r"\b(?:begun|began|begins(?! with))\b": "takes effect, starts",
    r"\bmeanwhile\b": "in the meantime",
    r"\bas \w+ (?:have|has) it\b": "in the format of …",
    r"\breckon": "compute",
    r"[.!?] (?-i:What|Who|Whose|Where) (?![^.!]*\?)": "start with the subject",
}
PATTERNS = {re.compile(pattern.replace(" ", r"\s+"), re.IGNORECASE): instead for pattern, instead in GLOSSARY.items()}

# Code, and the glossary itself, which has the words to avoid.
HIDDEN = re.compile(r"```.*?```|`[^`\n]*`|^\| say \|.*?(?=\n\n|\Z)", re.DOTALL | re.MULTILINE)
# A paragraph, or a list item or table row inside it.
BLOCK = re.compile(r"\S.*?(?=\n\s*\n|\n[-|#*]|\Z)", re.DOTALL)


class Text(NamedTuple):
    """A text of the project and where it starts."""

    path: str
    line: int
    text: str


def problems(texts: Iterable[Text]) -> list[str]:
    """`path:line: words (instead: …)` for each use of a replaced word."""
    return [
        f"{text.path}:{text.line + text.text.count(chr(10), 0, match.start())}: "
        f"{text.text[max(match.start() - 30, 0) : match.end() + 30]!r} (instead: {instead})"
        for text in texts
        for pattern, instead in PATTERNS.items()
        for match in pattern.finditer(text.text)
    ]


def python_texts() -> Iterator[Text]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                name, source = str(path.relative_to(ROOT)), path.read_text()
                yield from literals(name, ast.parse(source))
                yield from comments(name, source)


def literals(path: str, tree: ast.AST) -> Iterator[Text]:
    """String literals and docstrings; what an f-string puts in is written as …."""
    if isinstance(tree, ast.JoinedStr):
        parts = (str(part.value) if isinstance(part, ast.Constant) else "…" for part in tree.values)
        yield Text(path, tree.lineno, "".join(parts))
        return
    if isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Constant) and isinstance(tree.value.value, str):
        yield Text(path, tree.lineno, tree.value.value)
        return
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str) and " " in tree.value.strip():
        yield Text(path, tree.lineno, tree.value)
    for child in ast.iter_child_nodes(tree):
        yield from literals(path, child)


def comments(path: str, source: str) -> Iterator[Text]:
    """Comments; those on consecutive lines are one text."""
    lines: list[str] = []
    first = last = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if token.start[0] != last + 1 and lines:
            yield Text(path, first, "\n".join(lines))
            lines = []
        if not lines:
            first = token.start[0]
        lines.append(token.string.lstrip("# "))
        last = token.start[0]
    if lines:
        yield Text(path, first, "\n".join(lines))


def page_texts() -> Iterator[Text]:
    """Templates and scripts, whole: what is between tags, in attributes and in translated strings."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*")):
            if path.suffix in {".html", ".js", ".txt", ".xml"}:
                yield Text(str(path.relative_to(ROOT)), 1, path.read_text())


def translated_texts() -> Iterator[Text]:
    """The messages of the translations, in English and in the other language."""
    for path in sorted(ROOT.glob("*/locale/*/LC_MESSAGES/*.po")):
        line = 1
        for entry in path.read_text().split("\n\n"):
            messages = re.findall(r'^(?:msgid|msgid_plural|msgstr(?:\[\d\])?) ((?:".*"\n?)+)', entry, re.MULTILINE)
            for message in messages:
                yield Text(str(path.relative_to(ROOT)), line, message.replace('"\n"', "").strip('"\n'))
            line += entry.count("\n") + 2


def document_texts() -> Iterator[Text]:
    """Paragraphs, list items and table rows of the documents, without code and without the table of the glossary."""
    documents = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.conf")))
    for path in (*documents, *(ROOT / name for name in (".env.example", "compose.yaml", "Dockerfile", "Makefile"))):
        prose = HIDDEN.sub(lambda code: re.sub(r"[^\n]", "…", code[0]), path.read_text())
        for block in BLOCK.finditer(prose):
            yield Text(str(path.relative_to(ROOT)), prose.count("\n", 0, block.start()) + 1, block[0])


@pytest.mark.parametrize("read_texts", [python_texts, page_texts, translated_texts, document_texts])
def test_texts_use_the_terms_of_the_glossary(read_texts: Callable[[], Iterator[Text]]) -> None:
    faults = problems(read_texts())

    assert not faults, "\n".join(faults)
