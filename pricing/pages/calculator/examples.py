"""The numbers in a form of the calculator that nobody has filled in, for each kind of model."""

from collections.abc import Mapping

from catalog.prices import Line

# What one usual request uses, by the unit of a price; tokens depend on the meter.
OF_UNITS: Mapping[str, str] = {
    "image": "1",
    "megapixel": "1",
    "pixel": "1048576",
    "character": "1000",
    "second": "60",
    "minute": "1",
    "hour": "1",
    "page": "1",
    "query": "1",
    "request": "1",
    "session": "1",
    "message": "1",
    "text_unit": "1",
}
# A picture of 1024 x 1024 has about this many tokens at several vendors; so has a minute of speech.
TOKENS_OF_MEDIA = "1000"
PROMPT, PROMPT_OF_MEDIA, ANSWER = "10000", "100", "1000"
SECONDS_OF_VIDEO = "5"
MEDIA = ("output.image", "output.video", "output.audio")
# In the name of a field, the lifetime of a cache follows it.
LIFETIME = "["
# What every request is or has; other meters are used by some requests only.
WHOLE = ("request", "input", "output", *MEDIA)


def examples(lines: Mapping[str, Line], headline: str) -> dict[str, str]:
    """Name of a field -> its number, for the fields that an example fills in; a meter has one unit in an example.

    `headline` is the field of the price that represents the others: it is filled in if nothing else would be paid.
    """
    meters = {line.meter for line in lines.values()}
    makes_media = not meters.isdisjoint(MEDIA)
    filled: dict[str, str] = {}
    units: dict[str, str] = {}
    for name, line in lines.items():
        if line.meter not in WHOLE or LIFETIME in name or line.meter in units:
            continue
        if number := _number(line, makes_media=makes_media):
            filled[name], units[line.meter] = number, line.unit
    if headline in lines and not any(lines[name].amount for name in filled):
        line = lines[headline]
        filled = {headline: OF_UNITS.get(line.unit, TOKENS_OF_MEDIA if line.unit == "token" else "1")}
    return filled


def _number(line: Line, *, makes_media: bool) -> str:
    if line.unit != "token":
        is_video = line.unit == "second" and line.meter in ("output", "output.video")
        return SECONDS_OF_VIDEO if is_video else OF_UNITS.get(line.unit, "")
    if line.meter == "input":
        return PROMPT_OF_MEDIA if makes_media else PROMPT
    if line.meter in MEDIA:
        return TOKENS_OF_MEDIA
    # The text of a model that makes pictures is a by-product.
    return "" if makes_media else ANSWER
