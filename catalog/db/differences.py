"""Byte-exact differences between two versions of a document: what is equal is stored as places in the first version.

The next document of a source usually differs from the one before it in a few prices, and is megabytes long.
"""

import zlib
from collections.abc import Iterator
from functools import cache

import msgspec

# Equal bytes are found by blocks of this length: first near the place where they are expected, then anywhere.
BLOCK = 48
NEAR = 256
# How many blocks of the first version can be found anywhere: more would fill the memory.
MOST_PLACES = 100_000
# A document with more new bytes than this share is another document.
MOST_NEW = 1 / 8
# The bytes that are compared at once.
STEP = 1 << 16

# New bytes, or the place and the length of equal bytes in the first version.
Part = bytes | tuple[int, int]
_decoder = msgspec.msgpack.Decoder(list[Part])


def find_difference(base: bytes, content: bytes) -> bytes | None:
    """What turns `base` into `content`, compressed; None if they have too little in common."""
    parts: list[Part] = []
    new = 0
    for part in _parts(base, content):
        parts.append(part)
        if isinstance(part, bytes):
            new += len(part)
            if new > len(content) * MOST_NEW:
                return None
    return zlib.compress(msgspec.msgpack.encode(parts), 9)


def apply_difference(base: bytes, difference: bytes, *, size: int) -> bytes:
    """The content of `size` bytes; ValueError or zlib.error if the difference is damaged."""
    parts = _decoder.decode(zlib.decompress(difference))
    lengths = sum(len(part) if isinstance(part, bytes) else part[1] for part in parts)
    if lengths != size:
        raise ValueError("The difference is damaged.")
    return b"".join(part if isinstance(part, bytes) else base[part[0] : part[0] + part[1]] for part in parts)


def _parts(base: bytes, content: bytes) -> Iterator[Part]:
    @cache
    def places() -> dict[bytes, int]:
        starts = range(0, len(base) - BLOCK + 1, max(BLOCK, len(base) // MOST_PLACES))
        return {base[start : start + BLOCK]: start for start in starts}

    def find(block: bytes, expected: int) -> int:
        near = base.find(block, max(expected - NEAR, 0), expected + NEAR + BLOCK)
        return near if near >= 0 or len(block) < BLOCK else places().get(block, -1)

    position = done = 0
    # The distance between equal bytes in the two documents.
    shift = 0
    while position < len(content):
        place = find(content[position : position + BLOCK], position + shift)
        if place < 0:
            position += 1
            # Long new parts are passed on in pieces, so that the caller can stop.
            if position - done >= STEP:
                yield content[done:position]
                done = position
            continue
        if done < position:
            yield content[done:position]
        length = _equal_length(base, place, content, position)
        yield place, length
        shift = place - position
        position = done = position + length
    if done < len(content):
        yield content[done:]


def _equal_length(first: bytes, start: int, second: bytes, other_start: int) -> int:
    """How many bytes are equal from these places on."""
    length, step = 0, STEP
    most = min(len(first) - start, len(second) - other_start)
    while length < most and step:
        size = min(step, most - length)
        if first[start + length : start + length + size] == second[other_start + length : other_start + length + size]:
            length += size
        else:
            step = size // 2
    return length
