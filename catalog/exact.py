"""Exact numbers, and the JSON reader and writer of all documents: no digit of a price is lost.

Reading turns every fraction into a Decimal, and refuses values that JSON does not allow but parsers commonly accept
(NaN, duplicate keys, lone surrogates, NUL). Writing prints Decimals as JSON numbers with all digits.
"""

import json
import re
from decimal import Context, Decimal, localcontext
from typing import Any, NoReturn

import msgspec

# A number with a larger exponent is not a price or count; written out in digits it could fill the memory.
MAX_EXPONENT = 60
MAX_DIGITS = 60
# Enough for all digits of products and quotients of the longest known prices.
PRECISION = 120
_WIDE = Context(prec=PRECISION)
# Escapes that may mean a NUL or half a surrogate pair: they are rare, so the exact check only runs if one is found.
SUSPICIOUS_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
# A NUL as json writes it; after an escaped backslash it is six harmless letters.
WRITTEN_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
# Decimal itself also accepts 1_000 and digits of other scripts, which price lists do not use.
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)

_encoder = msgspec.json.Encoder(decimal_format="number")
_sorting_encoder = msgspec.json.Encoder(decimal_format="number", order="sorted")


class InexactError(ValueError):
    """A text that is not a JSON document with finite numbers; the message is one sentence for its author."""


def plain(value: Decimal) -> Decimal:
    """The same number without trailing zeros and without a positive exponent: 2.50 -> 2.5, 1E+2 -> 100."""
    if not value.is_finite():
        raise InexactError(f"{value} is not a finite number.")
    if not value:
        return Decimal(0)
    # Wide enough for all numbers: those with more digits are refused when read.
    stripped = value.normalize(_WIDE)
    return stripped.quantize(Decimal(1), context=_WIDE) if "E+" in str(stripped) else stripped


def digits(value: Decimal) -> str:
    """The number as a person writes it, never in scientific notation: 8.3E-8 -> 0.000000083."""
    return format(plain(value), "f")


def multiply(*factors: Decimal) -> Decimal:
    """The exact product; InexactError if it is larger than any price."""
    product = Decimal(1)
    for factor in factors:
        product = _WIDE.multiply(product, factor)
        # Its digits could not be written out exactly.
        if product.adjusted() >= PRECISION:
            raise InexactError("The product has more digits than any price or count.")
    return plain(product)


def subtract(amount: Decimal, other: Decimal) -> Decimal:
    """The exact difference."""
    return plain(_WIDE.subtract(amount, other))


def of_one(amount: Decimal, per: int) -> Decimal:
    """The amount for one unit, given the amount for `per` units.

    Equal prices give the same number however they are written. Different prices never do: no price has more digits
    than this precision.
    """
    return _WIDE.divide(amount, Decimal(per)).normalize(_WIDE) if per != 1 else amount.normalize(_WIDE)


def ratio(amount: Decimal, base: Decimal) -> Decimal:
    """amount / base as price lists print it: the shortest decimal that readers parse as the same double."""
    return plain(Decimal(repr(float(_WIDE.divide(amount, base)))))


def unfold(factor: Decimal, base: Decimal) -> Decimal:
    """The price whose ratio to `base` is `factor`: the shortest one that prints as the same ratio, else the product.

    A ratio such as 4.166666666666667 is the rounded quotient of two prices; 0.6 times it is 2.5 and not
    2.5000000000000002.
    """
    exact = multiply(base, factor)
    if exact == 0 or base == 0:
        return exact
    with localcontext() as context:
        context.prec = 12
        short = plain(+exact)
    return short if ratio(short, base) == factor else exact


def read_number(text: str) -> Decimal:
    """A Decimal from the digits in JSON or from a person; InexactError if it is not a number or has too many digits."""
    if NUMBER.fullmatch(text) is None:
        raise InexactError(f"{text[:40]!r} is not a number.")
    try:
        value = Decimal(text)
    except ArithmeticError:  # an exponent that Decimal itself cannot store
        raise InexactError(f"The number {text[:40]} has more digits than any price or count.") from None
    shape = value.as_tuple()
    if len(shape.digits) > MAX_DIGITS or abs(int(shape.exponent)) > MAX_EXPONENT:
        raise InexactError(f"The number {text[:40]} has more digits than any price or count.")
    return value


def read_json(document: bytes | str) -> Any:
    """The value of a UTF-8 JSON document, with Decimals for fractions; InexactError if it is invalid."""
    try:
        text = document if isinstance(document, str) else document.decode("utf-8-sig")
        value = json.loads(
            text,
            parse_float=read_number,
            parse_int=_read_integer,
            parse_constant=_refuse_constant,
            object_pairs_hook=_unique_keys,
        )
        if SUSPICIOUS_ESCAPE.search(text):
            _refuse_unstorable_text(value)
    except UnicodeDecodeError as error:
        raise InexactError(f"The document is not UTF-8 text (byte {error.start}).") from None
    except json.JSONDecodeError as error:
        raise InexactError(
            f"The document is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise InexactError("The document is nested too deeply.") from None
    return value


def write_json(value: Any, *, sort_keys: bool = False) -> bytes:
    """The value as compact UTF-8 JSON; Decimals become numbers with all digits."""
    return (_sorting_encoder if sort_keys else _encoder).encode(value)


def refuse_inexact(value: Any) -> None:
    """InexactError if a value for a JSON column contains a float or a number that is not finite."""
    match value:
        case float():
            raise InexactError(f"{value!r} is a float: use a Decimal, which has exact digits.")
        case Decimal() if not value.is_finite():
            raise InexactError(f"{value} is not a finite number.")
        case dict():
            for part in value.values():
                refuse_inexact(part)
        case list() | tuple():
            for part in value:
                refuse_inexact(part)


def _read_integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise InexactError(f"The number {text[:40]} has more digits than any price or count.")
    return int(text)


def _refuse_constant(name: str) -> NoReturn:
    raise InexactError(f"The document contains {name}, which is not a number.")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise InexactError(f"The key {repeated[:80]!r} appears twice in one object.")
    return unique


def _refuse_unstorable_text(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, default=str)
    if WRITTEN_NUL.search(text):
        raise InexactError("The document contains a NUL character, which databases cannot store.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InexactError("The document contains half of a surrogate pair, which is not a character.") from None


def in_dollars(amount: Decimal, per_usd: Decimal) -> Decimal:
    """An amount of a currency in US dollars, with far more digits than any reader uses."""
    with localcontext() as context:
        context.prec = PRECISION
        return plain(amount / per_usd)
