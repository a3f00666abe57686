"""A body in chunks is read as every other program reads it, however it arrives, or refused."""

import pytest

from config.server.chunks import MAX_LINE, MAX_TRAILERS, SMALL_CHUNKS, BodyError, Chunks


def read(data: bytes, size: int, limit: int = 1_000_000) -> tuple[bytes, bytes]:
    """Content and rest of a body of which `size` bytes arrive at once."""
    chunks, content = Chunks(limit), b""
    for at in range(0, len(data), size):
        part, rest = chunks.read(data[at : at + size])
        content += part
        if chunks.is_complete:
            return content, rest + data[at + size :]
    raise AssertionError("the body is incomplete")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("sent", "content"),
    [
        (b"0\r\n\r\n", b""),
        (b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
        (b"3\r\nabc\r\n00a\r\n\r\n12345678\r\n0\r\n\r\n", b"abc\r\n12345678"),
        (b'A;name=value;other="x y"\r\n0123456789\r\n0 ; last\r\n\r\n', b"0123456789"),
        (b"1\r\nx\r\n0\r\nTrailer: value\r\nAnother:\r\n\r\n", b"x"),
    ],
)
def test_the_content_of_chunks_is_joined(sent: bytes, content: bytes, size: int) -> None:
    assert read(sent + b"GET / HTTP/1.1\r\n", size) == (content, b"GET / HTTP/1.1\r\n")


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    "sent",
    [
        b"no chunk\r\n\r\n",
        b"\r\n\r\n",
        b"-1\r\n\r\n",
        b"+1\r\nx\r\n",
        b"0x1\r\nx\r\n",
        b" 1\r\nx\r\n",
        b"1 \r\nx\r\n",
        b"1_0\r\n0123456789abcdef\r\n",
        b"1\nx\n0\n\n\r\n",
        b"1;a\nb\r\nx\r\n",
        b"1\r\nxy\r\n",
        b"1\r\nx\n0\r\n\r\n",
        b"11111111111111111\r\n",
        b"1" * (MAX_LINE + 1),
        b"0\r\nno trailer\r\n\r\n",
        b"0\r\nA: b\nC: d\r\n\r\n",
        b"0\r\n A: b\r\n\r\n",
        b"0\r\nA: " + b"b" * MAX_TRAILERS + b"\r\n\r\n",
    ],
)
def test_chunks_that_programs_read_differently_are_refused(sent: bytes, size: int) -> None:
    with pytest.raises(BodyError) as error:
        read(sent, size)

    assert error.value.code == "bad_request"


def test_a_body_has_a_limit() -> None:
    assert read(b"5\r\n12345\r\n5\r\n12345\r\n0\r\n\r\n", 1000, limit=10)[0] == b"1234512345"
    for sent in (b"5\r\n12345\r\n6\r\n", b"FFFFFFFFFFFFFFFF\r\n"):
        with pytest.raises(BodyError) as error:
            read(sent, 1000, limit=10)
        assert error.value.code == "request_too_large"


def test_many_chunks_of_a_few_bytes_are_refused() -> None:
    few, many = b"1\r\nx\r\n" * (SMALL_CHUNKS - 1), b"1\r\nx\r\n" * (SMALL_CHUNKS + 100)
    large = b"400\r\n%b\r\n" % bytes(1024) * 2 * SMALL_CHUNKS

    assert len(read(few + b"0\r\n\r\n", 1000)[0]) == SMALL_CHUNKS - 1
    assert len(read(large + b"0\r\n\r\n", 10_000, limit=10_000_000)[0]) == 2 * SMALL_CHUNKS * 1024
    with pytest.raises(BodyError):
        read(many, 1000)
