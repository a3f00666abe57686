"""Reading any document gives records or one sentence, and never another error."""

import copy
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.exact import InexactError, read_json, write_json
from catalog.sources import SOURCES
from catalog.sources.records import Document
from catalog.sources.rows import SourceError
from tests.samples import HERE, sample
from tests.sizes import size

NAMES = tuple(path.stem for path in sorted(HERE.glob("*.json")) if path.stem in SOURCES)
SAMPLES = {name: read_json(sample(f"{name}.json")) for name in NAMES}
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**20, max_value=10**40),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6),
    st.text(max_size=5),
    st.recursive(st.integers() | st.text(max_size=3), lambda part: st.lists(part) | st.dictionaries(st.text(), part)),
    st.sampled_from(
        [[{"range": [5, 1]}], {"rules": [{}]}, {"windows": [1]}, {"hours_utc": "1"}, [{"range": [0, 1, 2]}]]
    ),
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a document except its root."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*path, key)
        yield from paths(part, (*path, key))


PATHS = {name: list(paths(document)) for name, document in SAMPLES.items()}


@settings(max_examples=size(250, full=2_000), deadline=None)
@given(name=st.sampled_from(NAMES), place=st.integers(min_value=0), junk=JUNK)
@example(name="new_api", place=PATHS["new_api"].index(("data", 3, "discount")), junk=0)
@example(name="litellm", place=PATHS["litellm"].index(("deepseek/deepseek-sample", "off_peak_pricing")), junk=[])
def test_junk_anywhere_is_read_or_refused(name: str, place: int, junk: Any) -> None:
    document = copy.deepcopy(SAMPLES[name])
    *path, last = PATHS[name][place % len(PATHS[name])]
    target = document
    for key in path:
        target = target[key]
    target[last] = junk
    with suppress(InexactError, SourceError):
        assert isinstance(SOURCES[name].read(write_json(document)), Document)
