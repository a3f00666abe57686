"""How nginx, Envoy, Go and other servers read an address: written from their behaviour, and not from Modelbook's rules.

Texts have one character per byte. A function returns None if the server refuses the address. The functions for nginx,
Envoy and Go were compared with nginx 1.22, Envoy 1.40 and Go 1.26 for thousands of random addresses.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from string import ascii_letters, digits
from urllib.parse import parse_qsl

HEX = re.compile("%([0-9A-Fa-f]{2})")
# What nginx encodes when it sends a decoded path on.
NGINX_ENCODES = re.compile(r"[\x00-\x20\"#%<>?\\^`{|}\x7f-\xff]")
# What Envoy encodes when it normalizes a path.
ENVOY_ENCODES = re.compile(r"[\x00-\x20\"<>^`{|}\x7f-\xff]")
ENVOY_DECODES = {f"{ord(text):02x}": text for text in f"{ascii_letters}{digits}-._~"}
# The characters of a path that Go keeps as they were sent.
GO_KEEPS = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/\[\]%-]*")
Step = Callable[[str], str | None]


def decode(path: str) -> str:
    """Every percent-encoding once; invalid ones stay."""
    return HEX.sub(lambda match: chr(int(match[1], 16)), path)


def strictly_decode(path: str) -> str | None:
    return None if re.search("%(?![0-9A-Fa-f]{2})", path) else decode(path)


def encode(characters: re.Pattern[str], path: str) -> str:
    return characters.sub(lambda match: f"%{ord(match[0]):02X}", path)


def resolve(path: str, *, merge: bool, escape: bool) -> str | None:
    """The path without `.` and `..`; None if it leaves the root and may not."""
    parts: list[str] = []
    segments = path.split("/")[1:]
    for place, segment in enumerate(segments):
        is_last = place == len(segments) - 1
        if segment == "..":
            if not parts and not escape:
                return None
            parts = parts[:-1]
        elif segment == "" and not merge and not is_last:
            parts.append("")
        elif segment not in ("", "."):
            parts.append(segment)
        if is_last and segment in ("", ".", ".."):
            parts.append("")
    return "/" + "/".join(parts)


def nginx(path: str, *, merge: bool = True) -> str | None:
    """nginx's $uri."""
    sent, path = path, path.partition("#")[0]
    decoded = strictly_decode(path)
    if decoded is None or re.search(r"[\x00-\x20\x7f]", sent) or "\0" in decoded or not path.startswith("/"):
        return None
    return resolve(decoded, merge=merge, escape=False)


def nginx_rewritten(path: str, *, merge: bool = True) -> str | None:
    """What nginx sends on if proxy_pass has a path of its own."""
    uri = nginx(path, merge=merge)
    return uri if uri is None or "%" not in path.partition("#")[0] else encode(NGINX_ENCODES, uri)


def envoy(path: str, *, unescape: bool = True, normalize: bool = True, merge: bool = True) -> str | None:
    """What Envoy sends on with path_with_escaped_slashes_action, normalize_path and merge_slashes."""
    if "#" in path or not path.startswith("/"):
        return None
    if unescape:
        path = re.sub("%2[fF]", "/", path)
        path = re.sub("%5[cC]", r"\\", path)
    if normalize:
        path = HEX.sub(lambda match: ENVOY_DECODES.get(match[1].lower(), match[0]), path.replace("\\", "/"))
        path = encode(ENVOY_ENCODES, resolve(path, merge=False, escape=True) or "")
    return re.sub("/+", "/", path) if merge else path


def go_mux(path: str) -> str | None:
    """The path whose segments net/http's mux compares: a client follows its redirect to the clean path."""
    if strictly_decode(path) is None or re.search(r"[\x00-\x20\x7f]", path) or not path.startswith("/"):
        return None
    if GO_KEEPS.fullmatch(path) is None:
        path = encode(re.compile(r"[^A-Za-z0-9._~$&+,/:;=@-]"), decode(path))
    clean = resolve(path, merge=True, escape=True)
    return clean if clean is None or path.endswith("/") or clean == "/" else clean.removesuffix("/")


def servlet(path: str) -> str | None:
    """Tomcat and Jetty: parameters are removed, then the path is decoded and resolved."""
    return resolve(decode(re.sub(";[^/]*", "", path)), merge=True, escape=True)


def windows(path: str) -> str | None:
    """Backslashes are slashes, and dots and spaces at the end of a segment are removed."""
    decoded = decode(path).replace("\\", "/")
    return resolve(re.sub(r"(?<=[^/.\s])[. ]+(?=/|$)", "", decoded), merge=True, escape=True)


HOPS: tuple[Step, ...] = (
    lambda path: path,
    nginx_rewritten,
    lambda path: nginx_rewritten(path, merge=False),
    *(
        lambda path, options=options: envoy(path, **dict(zip(("unescape", "normalize", "merge"), options, strict=True)))
        for options in product((True, False), repeat=3)
    ),
)
SERVERS: tuple[Step, ...] = (
    decode,
    nginx,
    lambda path: decode(go_mux(path) or ""),
    lambda path: decode(path).partition("?")[0].partition("#")[0],
    lambda path: decode(decode(path)),
    lambda path: resolve(decode(decode(path)), merge=True, escape=True),
    servlet,
    windows,
    lambda path: re.sub(r"[\x00-\x1f\x7f-\x9f]", "", decode(path)),
    lambda path: decode(path).partition("\0")[0],
    lambda path: "/" + path.partition("://")[2].partition("/")[2] if "://" in path else None,
    lambda path: "/" + path.lstrip("/\\"),
)
# Where servers begin and end an id, in any case of the words around it.
IDS = tuple(
    re.compile(expression, re.IGNORECASE | re.DOTALL)
    for expression in (
        r"/(?:tuned)?models/(.+?)(?::[a-z]+)?/?$",
        r".*/models/(.+?)(?::[a-z]+)?/?$",
        r"/models/([^/:]+)",
        r".*/models/([^/:]+)",
        r"/models/([^:]+)",
        r"/models/([^/]+)/",
        r"/(?:engines|deployments)/([^/]+)",
        r".*/(?:engines|deployments)/([^/]+)/",
        r"/(?:engines|deployments)/(.+)/(?:chat/)?(?:completions|embeddings)",
        r"/(?:engines|deployments)/(.+?)/(?:chat/completions|completions|embeddings)",
        r"/model/([^/]+)/(?:invoke|converse)",
        r"/model/(.+)/(?:invoke|converse)",
        r".*/model/(.+?)/(?:invoke|converse)",
    )
)


def paths(path: str) -> set[str]:
    """The path as any of the servers may see it, behind up to two proxies."""
    seen: set[str | None] = {path}
    for _ in range(2):
        seen |= {hop(text) for text in seen if text is not None for hop in HOPS}
    return {result for text in seen if text is not None for server in SERVERS if (result := server(text)) is not None}


def models_in_path(path: str) -> set[str]:
    """Every model that one of the servers may read from the path."""
    found = {match[1] for seen in paths(path) for expression in IDS if (match := expression.search(seen))}
    return {part for model in found for part in (model, model.strip("/"), model.removeprefix("models/"))}


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for text in {query, query.partition("#")[0], query.replace("#", "&")}:
        for separators in ("&", "&;"):
            for part in re.split(f"[{separators}]", text):
                name, _, value = part.partition("=")
                yield name, value
                yield from parse_qsl(part.replace("&", "%26"), keep_blank_values=True, errors="ignore")


def models_in_query(query: str) -> set[str]:
    """Every model that one of the servers may read from the query."""
    names: Iterable[tuple[str, str]] = ((decode(decode(name.replace("+", ""))), value) for name, value in _pairs(query))
    words = re.compile(r"\W*(?:model|models|deployment|engine)(?:[\W_]*(?:id|name)?)\W*", re.IGNORECASE)
    values = {value for name, value in names if words.fullmatch(re.sub(r"[\x00-\x1f]", "", name))}
    return {
        re.split(r"[,;\0]", text)[0].strip()
        for value in values
        for text in (value, decode(value), decode(decode(value)))
    }
