"""The comparison of keys for a person at a terminal: the numbers, then the keys that differ, by reason."""

from collections import defaultdict
from collections.abc import Iterator

from catalog.error_messages import count, some
from pricing.gateways.keys.comparison import Comparison, Difference, KeyComparison
from pricing.imports.text_report import more

SHOWN = 12
SHOW_ALL = ": use --format json to see all"


def summary(comparison: Comparison, *, asked: str) -> str:
    """`asked`: what states what the keys get there, e.g. the gateway's rules."""
    number = comparison.counts()
    first = (
        f"Keys: {number['compared']:,} compared with {asked}: {number['equal']:,} get the same, "
        f"{number['different_as_expected']:,} differ as expected, {number['different']:,} differ otherwise."
    )
    parts = list(_parts(comparison))
    return "\n".join([first, *parts[:SHOWN], *more(len(parts), SHOWN, SHOW_ALL)])


def _parts(comparison: Comparison) -> Iterator[str]:
    """A line for the keys with the same unexpected difference, then one for each kind of expected difference."""
    unexpected: defaultdict[Difference, list[KeyComparison]] = defaultdict(list)
    expected: defaultdict[tuple[str, str], list[tuple[KeyComparison, Difference]]] = defaultdict(list)
    for key in comparison.different:
        for row in key.differences:
            if row.is_expected:
                expected[row.what, row.why].append((key, row))
            else:
                unexpected[row].append(key)
    for row, keys in unexpected.items():
        difference = f"{row.what}{_models(list(row.models))} ({row.why})"
        if len(keys) == 1:
            yield f"  {_name(keys[0])}: {difference}."
        else:
            yield f"  {len(keys):,} keys: {difference}: {some(list(map(_name, keys)))}."
    for (what, why), rows in expected.items():
        names = some([_name(key) for key, _ in rows])
        models = list(dict.fromkeys(name for _, row in rows for name in row.models))
        yield f"  As expected, {count(len(rows), 'key')}: {what}{_models(models)} ({why}): {names}."


def _name(key: KeyComparison) -> str:
    return f"token {key.token}"


def _models(names: list[str]) -> str:
    return f" {some(names)}" if names else ""
