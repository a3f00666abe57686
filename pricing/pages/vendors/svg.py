"""SVG files of others, without everything that could run, load or reach anything. Imports no models."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

NAMESPACE = "{http://www.w3.org/2000/svg}"
# An icon of a few shapes; larger files are photographs or something else.
MAX_BYTES = 200_000
SHAPES = frozenset(
    {
        "svg", "g", "path", "circle", "ellipse", "line", "polygon", "polyline", "rect", "defs", "title",
        "linearGradient", "radialGradient", "stop", "clipPath", "mask",
    }
)  # fmt: skip
# What the shapes need: their geometry and colours. Links, handlers and styles are not in it.
ATTRIBUTES = frozenset(
    {
        "viewBox", "width", "height", "preserveAspectRatio", "id", "d", "points", "transform", "cx", "cy", "r", "rx",
        "ry", "x", "y", "x1", "x2", "y1", "y2", "fx", "fy", "fill", "fill-rule", "fill-opacity", "clip-path",
        "clip-rule", "clipPathUnits", "mask", "maskUnits", "maskContentUnits", "stroke", "stroke-width",
        "stroke-linecap", "stroke-linejoin", "stroke-miterlimit", "stroke-dasharray", "stroke-opacity", "opacity",
        "offset", "stop-color", "stop-opacity", "gradientUnits", "gradientTransform", "spreadMethod", "color",
    }
)  # fmt: skip
# A reference to a gradient, clip or mask of the same file, or a colour.
INTERNAL = re.compile(r"url\(#[\w.-]+\)|(?:rgb|hsl)a?\([\w\s.,%/+-]+\)")
# Elements inside of each other; icons have a few, and Python writes no more than some hundreds.
MAX_DEPTH = 50

ElementTree.register_namespace("", NAMESPACE[1:-1])


def sanitized(content: bytes) -> bytes | None:
    """The shapes of an SVG file, as a new file; None if it is not one, too large, too deep, or declares entities."""
    if len(content) > MAX_BYTES:
        return None
    try:
        text = content.decode()
        if "<!" in text.replace("<!--", ""):
            return None
        # Without declarations there are no entities that could grow.
        root = ElementTree.fromstring(text)  # noqa: S314
    except (UnicodeDecodeError, ElementTree.ParseError):
        return None
    if root.tag != f"{NAMESPACE}svg":
        return None
    return ElementTree.tostring(root) if _clean(root) else None


def _clean(element: ElementTree.Element, depth: int = 1) -> bool:
    """Removes what is not harmless; False if the element is too deep."""
    if depth > MAX_DEPTH:
        return False
    element.attrib = dict(_harmless(element))
    for child in list(element):
        if str(child.tag).removeprefix(NAMESPACE) not in SHAPES or not str(child.tag).startswith(NAMESPACE):
            element.remove(child)
        elif not _clean(child, depth + 1):
            return False
    return True


def _harmless(element: ElementTree.Element) -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        if name in ATTRIBUTES and ("(" not in value or name.lower().endswith("transform") or INTERNAL.fullmatch(value)):
            yield name, value
