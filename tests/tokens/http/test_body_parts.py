"""Bodies share the parts that they have in common: in memory, and in what is compressed."""

import gzip
import subprocess
import sys
import zlib

import pytest

from tokens.http import bodies
from tokens.http.bodies import BLOCK_FROM, Body, BodyCache

ROWS = [b'{"id":"model-%d","owned_by":"vendor-%d","context_length":%d}' % (n, n % 9, n * 8) for n in range(5_000)]


def list_of(rows: list[bytes]) -> Body:
    return Body.of_rows(b'{"data":[', rows, b"]}")


@pytest.mark.parametrize("count", [0, 1, 2, 50, 600, 5_000])
def test_a_list_is_its_head_its_rows_and_its_tail(count: int) -> None:
    body = list_of(ROWS[:count])

    assert body.plain == b'{"data":[' + b",".join(ROWS[:count]) + b"]}"
    assert body.length == len(body.plain)
    assert body.etag == Body.of(body.plain).etag == Body.of_parts([body.plain[:7], body.plain[7:]]).etag


def test_every_number_of_rows_gives_the_same_bytes_as_one_text() -> None:
    # Blocks end anywhere, also at the last row.
    rows = [b"%0200d" % number for number in range(200)]

    for count in range(200):
        assert list_of(rows[:count]).plain == b'{"data":[' + b",".join(rows[:count]) + b"]}"


@pytest.mark.parametrize("plain", [b"x" * 1024, b"".join(ROWS), bytes(range(256)) * 5_000])
def test_the_compressed_bytes_are_one_gzip_file(plain: bytes) -> None:
    parts = [plain[start : start + 999] for start in range(0, len(plain), 999)]

    for body in (Body.of(plain), Body.of_parts(parts)):
        assert body.gzipped is not None
        # Not several files one after the other, of which some clients read only the first.
        reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
        assert (reader.decompress(body.gzipped), reader.eof, reader.unused_data) == (plain, True, b"")
        assert body.gzipped_length == len(body.gzipped)
        assert b"".join(body.pieces(gzipped=True)) == body.gzipped
        assert b"".join(body.pieces(gzipped=False)) == plain


def test_blocks_compress_nearly_as_well_as_the_whole() -> None:
    body = list_of(ROWS)

    assert len(body.blocks) > 10
    assert body.gzipped_length < 1.25 * len(gzip.compress(body.plain, 6))


def test_a_list_without_one_row_shares_all_other_blocks() -> None:
    whole = list_of(ROWS)

    for missing in (0, 1, 2_500, 4_998, 4_999):
        own = set(list_of(ROWS[:missing] + ROWS[missing + 1 :]).blocks) - set(whole.blocks)
        assert sum(len(block.plain) for block in own) < 8 * BLOCK_FROM


@pytest.mark.parametrize("separator", [b",", b"\n"])
def test_a_text_without_one_row_shares_all_other_blocks(separator: bytes) -> None:
    def text_of(rows: list[bytes]) -> bytes:
        return (b"[%b]" if separator == b"," else b"<ul>\n%b\n</ul>\n") % separator.join(rows)

    whole = Body.of(text_of(ROWS))
    assert whole.plain == text_of(ROWS)

    for missing in (0, 1, 2_500, 4_998, 4_999):
        text = text_of(ROWS[:missing] + ROWS[missing + 1 :])
        body = Body.of(text)
        assert body.plain == text
        assert sum(len(block.plain) for block in set(body.blocks) - set(whole.blocks)) < 8 * BLOCK_FROM


@pytest.mark.parametrize("size", [0, 1, BLOCK_FROM - 1, BLOCK_FROM, BLOCK_FROM + 1, 3 * BLOCK_FROM])
@pytest.mark.parametrize("pattern", [b"x", b"\n", b"},{", b"a\nbc", b"{},{},"])
def test_every_text_is_divided_without_loss(size: int, pattern: bytes) -> None:
    text = (pattern * size)[:size]

    for whole in (text, b"{" + text, b"[" + text):
        assert Body.of(whole).plain == whole


def test_equal_bytes_are_stored_once() -> None:
    cache = BodyCache(10_000_000)
    cache.get_or_render("one", lambda: list_of(ROWS))
    used = cache.used

    for number in range(100):
        cache.get_or_render(number, lambda: list_of(ROWS))

    assert cache.used - used == 100 * list_of(ROWS).overhead
    assert cache.get("one") is not None


def test_memory_counts_what_is_shared_once_and_frees_it_with_its_last_body() -> None:
    cache = BodyCache(10_000_000)
    for missing in range(100):
        cache.get_or_render(missing, lambda: list_of(ROWS[:missing] + ROWS[missing + 1 :]))  # noqa: B023
    stored = list(cache._bodies.values())

    distinct = {block for body in stored for block in body.blocks}
    assert cache.used == sum(body.overhead for body in stored) + sum(block.size for block in distinct)
    assert cache.used < sum(body.size for body in stored) / 10

    while cache._bodies:
        cache._evict()
    assert (cache.used, cache._uses) == (0, {})


def test_blocks_end_with_their_last_body() -> None:
    text = b"only here" * 1_000
    body = Body.of(text)
    assert text in bodies._blocks

    del body

    assert text not in bodies._blocks


def test_equal_bytes_are_divided_equally_in_every_process() -> None:
    code = (
        "from tests.tokens.http.test_body_parts import ROWS, list_of;"
        "print([len(block.plain) for block in list_of(ROWS).blocks])"
    )
    run = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(2)]

    assert run[0].stdout == run[1].stdout == f"{[len(block.plain) for block in list_of(ROWS).blocks]}\n"
