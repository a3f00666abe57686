"""Bodies of requests, of a limited size."""

from rest_framework.request import Request

from tokens.api_error import ApiError

MIB = 1024 * 1024


def read_body(request: Request, *, most_mib: int = 1) -> bytes:
    """The request's body; ApiError if it is larger than that many MiB."""
    raw, most = request._request, most_mib * MIB
    try:
        length = int(raw.headers.get("Content-Length") or 0)
    except ValueError:
        length = 0
    document = b"" if length > most else raw.read(most + 1)
    if length > most or len(document) > most:
        raise ApiError("bad_request", f"The body is larger than {most_mib} MiB.")
    return bytes(document)
