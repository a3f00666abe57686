"""Combinations of conditions for which a sheet has no price of its own, so that its order of lines decides.

A source states the price of a service tier and the price of long prompts, but not of both together. The later line
applies. An operator should know that the vendor may charge something else.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from catalog.prices import Line
from pricing.engine.conditions import LENGTH


def unpriced_combinations(lines: Iterable[Line]) -> list[str]:
    """One sentence for each service tier, and each lifetime of a cache, that has no price for long prompts."""
    of_meter: defaultdict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        if line.kind == "absolute" and line.conditions:
            of_meter[line.meter, line.unit].append(line)
    return list(dict.fromkeys(sentence for group in of_meter.values() for sentence in _sentences(group)))


def _sentences(lines: Sequence[Line]) -> Iterator[str]:
    """The sentences about one meter; later lines replace earlier ones."""
    lengths = {number: line for number, line in enumerate(lines) if [*_dims(line)] == [LENGTH]}
    if not lengths:
        return
    for number, line in enumerate(lines):
        dims = [*_dims(line)]
        if dims not in (["service_tier"], ["cache_ttl"]) or line.conditions[0]["op"] != "eq":
            continue
        priced = [other.conditions for other in lines if line.conditions[0] in other.conditions]
        if all(any(length.conditions[0] in conditions for conditions in priced) for length in lengths.values()):
            continue
        value = line.conditions[0]["value"]
        if dims == ["service_tier"]:
            subject, own = f"the service tier {value} has no price of its own", "the service tier"
        else:
            subject, own = f"a cache write with a lifetime of {value} has no price of its own", "the lifetime"
        rule = "the length" if number < max(lengths) else own
        yield f"{subject} for long prompts: the price of {rule} applies"


def _dims(line: Line) -> Iterator[str]:
    return (condition["dim"] for condition in line.conditions)
