"""What is not Chinese in a Chinese page: English words, ASCII punctuation and spaces where Chinese has none."""

import re
from collections.abc import Collection, Iterator
from html.parser import HTMLParser

# Elements whose text is part of the sentence around them.
INLINE = frozenset({"a", "b", "strong", "em", "s", "span", "time"})
# Elements in which each link is a text of its own.
ROWS_OF_LINKS = frozenset({"nav", "footer"})
# Elements whose text is code.
CODE = frozenset({"code", "pre", "script", "style"})
VOID = frozenset({"meta", "link", "img", "input", "br", "hr", "wbr", "path", "line", "rect"})
SHOWN_ATTRIBUTES = ("aria-label", "placeholder", "title", "alt")
# Texts that scripts show are in attributes, too: those with Chinese.
CHINESE = re.compile(r"[\u3400-\u9fff]")
DESCRIPTIONS = ("description", "og:description", "og:title", "og:site_name", "twitter:description")

CJK = r"\u3400-\u9fff"
MARKS = "，。；：、（）！？“”"
FAULTS = (
    ("ASCII punctuation beside Chinese", re.compile(rf"[{CJK}] ?[,;:()!?]|[,;:()!?] ?[{CJK}]|[{CJK}]\.")),
    ("a space beside Chinese punctuation", re.compile(rf"[{MARKS}] | [{MARKS}]")),
    ("a space between Chinese words", re.compile(rf"[{CJK}] [{CJK}]")),
    ("two spaces", re.compile(r"  ")),
    ("two marks", re.compile(r"[，。；：、！？][，。；：、！？]")),
)
WORD = re.compile(r"[A-Za-z]+")
# Stands for a name of the data in a text.
NAME = "1"
# The path of an endpoint, and a hash.
NO_WORDS = re.compile(r"(?:GET|POST) /[\w/{}:.-]*|\b[0-9a-f]{12,64}\b|https?://\S+")
# Units, formats and names that Chinese texts write in Latin letters, and values that requests must name.
ALLOWED = frozenset(re.split(r"\s+", """
    tokens token K M UTC API JSON Atom PDF OCR SHA ID URL DBU GB USD CNY AI English OpenAPI Markdown llms txt
    OpenAI Anthropic Messages Gemini generateContent Responses Embeddings Midjourney Suno MiniMax
    PNG JPG max xhigh minimal curl Python JavaScript Modelbook
"""))  # fmt: skip


class _Texts(HTMLParser):
    """The texts of a page, each as people read it: with its inline elements, and spaces as browsers show them."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[str] = []
        self._is_after_element = False
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if not self._is_inline(tag):
            self.flush()
        self.texts += [values[name] or "" for name in SHOWN_ATTRIBUTES if name in values]
        self.texts += [text for name, text in attrs if text and name.startswith("data-") and CHINESE.search(text)]
        if tag == "meta" and (values.get("name") or values.get("property")) in DESCRIPTIONS:
            self.texts.append(values.get("content") or "")
        if tag not in VOID:
            # Initials in the place of an icon.
            self._open.append("code" if values.get("aria-hidden") == "true" else tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if not self._is_inline(tag):
            self.flush()
        if tag in self._open:
            while self._open.pop() != tag:
                pass
        self._is_after_element = True

    def handle_data(self, data: str) -> None:
        if CODE.intersection(self._open):
            return
        if not data.strip() and "".join(self._text).strip() and self._is_after_element:
            # Between two elements, such as links in a row.
            self.flush()
        self._text.append(data)
        self._is_after_element = False

    def _is_inline(self, tag: str) -> bool:
        return tag in INLINE and not (tag == "a" and ROWS_OF_LINKS.intersection(self._open))

    def flush(self) -> None:
        text = re.sub(r"\s*\n\s*", " ", "".join(self._text)).strip()
        self._text = []
        if text:
            self.texts.append(text)


def texts_of(html: str) -> list[str]:
    reader = _Texts()
    reader.feed(html)
    reader.flush()
    return reader.texts


def faults(html: str, *, names: Collection[str] = ()) -> Iterator[str]:
    """Each fault with its text; `names` are those of the data, such as ids, which stay as they are."""
    own = re.compile("|".join(map(re.escape, sorted(filter(None, names), key=len, reverse=True)))) if names else None
    for text in dict.fromkeys(texts_of(html)):
        rest = NO_WORDS.sub(NAME, own.sub(NAME, text) if own else text)
        if words := [word for word in WORD.findall(rest) if word not in ALLOWED]:
            yield f"English {words}: {text!r}"
        for fault, pattern in FAULTS:
            if match := pattern.search(rest):
                yield f"{fault} {match[0]!r}: {text!r}"
