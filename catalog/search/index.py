"""The models that a search finds, in a list of models that is searched many times. Imports no models.

Every word of a search has to be in the names of a model, or in the spellings of its vendor. A word is found where a
word of a name starts, whatever separates these: `gpt5` in gpt-5-mini, but `o3` not in pro3. A longer word is also found
within one (`llama` in codellama), and any word if the search finds nothing else.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from catalog.search.folding import compact, fold_name
from catalog.search.kinds import NOUNS
from catalog.search.pinyin import pinyin
from catalog.search.vendors import author, meant_vendor

# Words of a search; a slash separates the vendor from the id.
WORDS = re.compile(r"[^\s/,\u3001\uff0c\uff0f]+/?")
# Gemini's API writes models/ before each id.
RESOURCE = re.compile(r"\bmodels/(?=[^\s/])", re.IGNORECASE)
# What other sites append to ids: the variant of an offer, and the date of a version.
SUFFIX = re.compile(r"(?<=\w)(?::[a-z]+|[-@]20\d\d-?[01]\d-?[0-3]\d|-latest)$", re.IGNORECASE)
# Latin text and Chinese text of one word, and nouns within it: 智谱glm, 豆包视频.
_NOUN = "|".join(NOUNS)
PARTS = re.compile(rf"[0-9a-z.-]+|{_NOUN}|(?:(?!{_NOUN})[^0-9a-z.-])+")
# A family with its version: claude4.5 is claude-sonnet-4-5, too.
FAMILY_AND_VERSION = re.compile(r"([a-z]{3,})-?([0-9][0-9.-]*)(?:-?([a-z]{3}[0-9a-z.-]*))?")
LEADING_LETTERS, TRAILING_DIGITS = re.compile(r"[a-z]*"), re.compile(r"[0-9]*$")
# A word that starts with so many letters is also found within another one, behind two signs or more: codellama, but not
# ollama. Shorter ones are found behind these syllables: chatgpt, codeqwen.
LEAST_WITHIN = 5
SYLLABLES = ("chat", "code")
# A pinyin that is typed in part: shorter ones are names of model families, such as wan.
LEAST_PINYIN = 5
# A search that finds nothing else takes parts of words of this length.
LEAST_PART = 3

Matches = set[int]
Match = Callable[[str], Matches]


@dataclass(frozen=True, slots=True)
class Entry:
    """A model in the index: its id, title, aliases and words of its kind, and the folded spellings of its vendor."""

    names: Sequence[str]
    vendor: frozenset[str]


@dataclass(frozen=True)
class Found:
    """The places of the models that were found, and of those that have the searched text as a name."""

    places: Matches
    exact: Matches


class SearchIndex:
    """The folded names of models in one text, with a line for each model."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        entries = list(entries)
        names = [list(dict.fromkeys(map(fold_name, dict.fromkeys(entry.names)))) for entry in entries]
        self._exact: defaultdict[str, Matches] = defaultdict(set)
        self._pinyin: defaultdict[str, Matches] = defaultdict(set)
        vendors: defaultdict[frozenset[str], Matches] = defaultdict(set)
        for place, entry in enumerate(entries):
            vendors[entry.vendor].add(place)
            for name in names[place]:
                self._exact[compact(name)].add(place)
                if not name.isascii():
                    for typed in pinyin(name):
                        self._pinyin[typed].add(place)
        for spellings, places in vendors.items():
            for typed in set().union(*map(pinyin, spellings)):
                self._pinyin[typed] |= places
        self._names = _Lines(names)
        self._vendors = _Lines(map(sorted, vendors))
        self._places_of_vendor = list(vendors.values())
        self._all = set(range(len(entries)))

    def find(self, text: str) -> Found:
        """The models that the text finds; all of them for an empty text."""
        if not text.strip():
            return Found(self._all, set())
        words = WORDS.findall(RESOURCE.sub("", text))
        whole = fold_name(text)
        if not whole:
            return Found(set(), set())
        places = self._find(words, whole, self._at_starts) or self._find(words, whole, self._within)
        if not places and (shorter := SUFFIX.sub("", text.rstrip())) != text.rstrip():
            return self.find(shorter)
        # Also behind the name of a vendor: openai/gpt-5, openai gpt 5.
        names = {compact(whole), *(compact(fold_name(" ".join(words[start:]))) for start in range(len(words)))}
        return Found(places, places.intersection(set().union(*(self._exact.get(name, ()) for name in names))))

    def _find(self, words: Sequence[str], whole: str, match: Match) -> Matches:
        found = self._all
        for word in words:
            if found and (folded := fold_name(word)):
                found = found & self._find_word(folded, match, is_author=word.endswith("/"))
        # Words that are one in the name: deep seek.
        return found | match(whole) if len(words) > 1 and whole.isascii() else found

    def _find_word(self, word: str, match: Match, *, is_author: bool) -> Matches:
        found = self._all
        for part in PARTS.findall(word):
            found = found & match(part)
        if is_author and (slug := author(word)):
            found = found | self._of_vendor(slug)
        if named := FAMILY_AND_VERSION.fullmatch(word):
            family, version, rest = named.groups()
            others = match(family) & self._at_starts(version.strip("-."))
            found = found | (others & match(rest) if rest else others)
        return found

    def _at_starts(self, part: str) -> Matches:
        """The models with a word that starts with this part of a search."""
        if not part.isascii():
            return self._matches(re.compile(re.escape(part)))
        return self._matches(pattern_of(part)) | self._typed(part)

    def _within(self, part: str) -> Matches:
        """The models that contain this part of a search anywhere; the vendor that it means with words around it."""
        if not part.isascii():
            return self._at_starts(meant_vendor(part)) if meant_vendor(part) else self._at_starts(part)
        if len(part) < LEAST_PART:
            return self._at_starts(part)
        return self._matches(re.compile(_spelling(part, is_loose=True) + _end(part))) | self._typed(part)

    def _typed(self, part: str) -> Matches:
        """The models whose vendor or title has this pinyin."""
        letters = compact(part)
        found = set(self._pinyin.get(letters, ()))
        if len(letters) >= LEAST_PINYIN and letters.isalpha():
            found.update(*(places for typed, places in self._pinyin.items() if typed.startswith(letters)))
        return found

    def _of_vendor(self, slug: str) -> Matches:
        return set().union(*(self._places_of_vendor[line] for line in self._vendors.with_name(slug)))

    def _matches(self, pattern: re.Pattern[str]) -> Matches:
        found = set(self._names.matching(pattern))
        return found.union(*(self._places_of_vendor[line] for line in self._vendors.matching(pattern)))


class _Lines:
    """Lines of names with a space between them, as one text."""

    def __init__(self, lines: Iterable[Iterable[str]]) -> None:
        texts = [" ".join(names) for names in lines]
        self.text = "\n".join([*texts, ""])
        self.ends: list[int] = []
        end = 0
        for text in texts:
            end += len(text) + 1
            self.ends.append(end)

    def matching(self, pattern: re.Pattern[str]) -> Iterable[int]:
        """The numbers of the lines that contain the pattern."""
        search, text, ends, start = pattern.search, self.text, self.ends, 0
        while match := search(text, start):
            line = bisect_right(ends, match.start())
            yield line
            start = ends[line]

    def with_name(self, name: str) -> Iterable[int]:
        """The numbers of the lines that have this name."""
        return self.matching(re.compile(rf"(?:(?<=[ \n])|\A){re.escape(name)}(?=[ \n])"))


def pattern_of(part: str) -> re.Pattern[str]:
    """Where names have this folded part of a search at the start of a word.

    The first sign precedes the conditions on what is before it, because `re` looks for the first sign of a pattern.
    """
    first = re.escape(part[0])
    if part[0].isdigit():
        # 5 is not in 3.5, and 8b not in 1.8b; a version may also be written 3-5, and 7b may follow a version.
        is_number = len(part) == 1
        start = f"(?<![0-9]{first})(?<![0-9][.]{first})" + (f"(?<![0-9]-{first})" if is_number else "")
        return re.compile(first + start + _spelling(part)[len(first) :] + ("(?![0-9a-z])" if is_number else _end(part)))
    letters = len(LEADING_LETTERS.match(part)[0])  # type: ignore[index]
    within = [f"[0-9a-z]{{2}}{first}"] if letters >= LEAST_WITHIN else [f"{part}{first}" for part in SYLLABLES]
    starts = "|".join([f"(?<![0-9a-z]{first})", *(f"(?<={text})" for text in within)])
    return re.compile(f"{first}(?:{starts})" + _spelling(part)[len(first) :] + _end(part))


def _spelling(part: str, *, is_loose: bool = False) -> str:
    """The part with or without separators between its signs; numbers that it separates are separate in names, too.

    One letter behind a number belongs to it, unless `is_loose`: 5b is not the start of 5-batch.
    """
    spelled, previous = [], ""
    for place, sign in enumerate(part):
        following = part[place + 1 : place + 2]
        if sign in "-.":
            if previous.isdigit() and following.isdigit():
                spelled.append("[-.]")
                previous = ""
            continue
        if previous.isdigit() and sign.isdigit():
            # 41 is 4.1, but not the start of 4-1106.
            spelled.append("(?:[-.](?=[0-9](?![0-9])))?" if part[place - 1] == previous else "[-.]")
        elif previous and (is_loose or not previous.isdigit() or following.isalpha() or part[place - 1] in "-."):
            spelled.append("[-.]?")
        spelled.append(re.escape(sign))
        previous = sign
    return "".join(spelled)


def _end(part: str) -> str:
    """A number ends where that of the search does; one of two digits may be the start of a date."""
    digits = len(TRAILING_DIGITS.search(part)[0])  # type: ignore[index]
    return ("", "(?![0-9])", "(?![0-9](?![0-9]))")[digits] if digits < 3 else ""
