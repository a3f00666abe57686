"""Each type of event as a sentence in plain English, from the data that tokens/event_types/shapes.py describes."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catalog.error_messages import count, some

# Changed fields and lines of a price that are written out.
SHOWN = 4
LONGEST_VALUE = 60
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?(?:Z|\+00:00)")

Data = Mapping[str, Any]


def write_sentence(event_type: str, data: Data) -> str:
    """One event as one or more sentences. An event of another version of Modelbook is written as its fields."""
    try:
        return _SENTENCES[event_type](data)
    except (KeyError, TypeError, AttributeError, ValueError):
        fields = ", ".join(f"{name} {_value(value)}" for name, value in data.items() if value not in (None, "", [], {}))
        return f"{event_type}: {fields}" if fields else event_type


def _added(data: Data) -> str:
    state = "was published" if data["status"] == "published" else "was added as a draft"
    starts = f" It starts at {_moment(data['starts_at'])}." if data["starts_at"] else ""
    return f"Model {data['model']} of {data['vendor']} {state}.{starts}"


def _changed(data: Data) -> str:
    if data["status"] is None:
        return f"Model {data['model']} was deleted."
    fields = [
        f"{name} from {_value(change['old'])} to {_value(change['new'])}"
        for name, change in list(data["changes"].items())[:SHOWN]
    ]
    more = len(data["changes"]) - len(fields)
    return f"Model {data['model']} was changed: {'; '.join(fields)}" + (
        f"; and {count(more, 'field')} more." if more else "."
    )


def _deprecated(data: Data) -> str:
    retires = f" It retires on {data['retires_on']}." if data["retires_on"] else ""
    return f"Model {data['model']} is deprecated since {data['deprecated_on']}.{retires}{_successor(data)}"


def _retiring(data: Data) -> str:
    days = "today" if data["days"] == 0 else f"in {count(data['days'], 'day')}"
    return f"Model {data['model']} retires {days}, on {data['retires_on']}.{_successor(data)}"


def _retired(data: Data) -> str:
    return f"Model {data['model']} retired on {data['retires_on']}.{_successor(data)}"


def _successor(data: Data) -> str:
    return f" Its successor is {data['successor']}." if data["successor"] else " It has no successor."


def _announced(data: Data) -> str:
    what, at = f"{data['role']} price of model {data['model']}", data["at"] and _moment(data["at"])
    if data["action"] == "set":
        return f"The {what} changes at {at}: {_price(data['after'])}."
    if data["action"] == "withdrawn":
        return f"The {what} that was announced for {at} was withdrawn."
    return f"The {what} ends at {at}." if at else f"The {what} has no end any more."


def _in_force(data: Data) -> str:
    return f"A new {data['role']} price of model {data['model']} has taken effect: {_price(data['after'])}."


def _ended(data: Data) -> str:
    now = (
        f"The price is now {_price(data['after'])}." if data["after"] else f"The model has no {data['role']} price now."
    )
    return f"A {data['role']} price of model {data['model']} has ended. {now}"


def _price(price: Data) -> str:
    lines = [_line(line, price["currency"]) for line in price["lines"][:SHOWN]]
    more = len(price["lines"]) - len(lines)
    return ", ".join(lines) + (f" and {count(more, 'line')} more" if more else "")


def _line(line: Data, currency: str) -> str:
    condition = " under conditions" if line["conditions"] else ""
    if line["kind"] == "multiplier":
        return f"{line['meter'] or 'all prices'} × {line['amount']}{condition}"
    if line["amount"] is None:
        return f"{line['meter']} {line['kind']}{condition}"
    per = f"{line['per']:,} " if line["per"] != 1 else ""
    kind = f" ({line['kind']})" if line["kind"] != "absolute" else ""
    return f"{line['meter']} {line['amount']} {currency} per {per}{line['unit']}{kind}{condition}"


def _token(data: Data) -> str:
    return f"{data['name']} (key {data['key_id']})"


def _issued(data: Data) -> str:
    groups = f" in {some(data['groups'])}" if data["groups"] else ""
    expires = f" It expires at {_moment(data['expires_at'])}." if data["expires_at"] else ""
    return f"Token {_token(data)} was issued{groups}.{expires}"


def _rotated(data: Data) -> str:
    until = _moment(data["previous_valid_until"])
    return f"Token {_token(data)} has a new key. The key {data['previous_key_id']} is accepted until {until}."


def _revoked(data: Data) -> str:
    return f"Token {_token(data)} was {'deleted' if data['deleted'] else 'disabled'}."


def _expiring(data: Data) -> str:
    when = "today" if data["days"] == 0 else f"in {count(data['days'], 'day')}"
    return f"Token {_token(data)} expires {when}, at {_moment(data['expires_at'])}."


def _refused(data: Data) -> str:
    model = f" for model {data['model']}" if data["model"] else ""
    address = f" from {data['address']}" if data["address"] else ""
    return f"A request of token {_token(data)}{model}{address} was refused: {data['status']} {data['code']}."


def _warning(data: Data) -> str:
    return f"Most of the budget of {_holder(data)} is spent: {_spent(data)}."


def _budget_spent(data: Data) -> str:
    return f"The budget of {_holder(data)} is spent: {_spent(data)}."


def _holder(data: Data) -> str:
    return f"token {_token(data)}" if data["key_id"] else f"group {some(data['groups'])}"


def _spent(data: Data) -> str:
    period = "in total" if data["period"] == "total" else f"per {data['period']}"
    resets = f", until {_moment(data['resets_at'])}" if data["resets_at"] else ""
    return f"{data['spent']} of {data['amount']} {data['currency']} {period}{resets}"


def _waiting(data: Data) -> str:
    return f"{_run(data)} waits for a review{_counts(data)}."


def _stopped(data: Data) -> str:
    return f"{_run(data)} was stopped by a guard{_counts(data)}. {' '.join(data['guards'])}".strip()


def _failed(data: Data) -> str:
    return f"Source {data['source']} could not be imported. {data['error']}"


def _run(data: Data) -> str:
    return f"Import {data['run']} of source {data['source']}"


def _counts(data: Data) -> str:
    counts = [f"{number:,} {name}" for name, number in data["counts"].items() if isinstance(number, int) and number]
    return f": {', '.join(counts[:SHOWN])}" if counts else ""


def _found(data: Data) -> str:
    new = f" New: {some([row['row'] for row in data['new']])}." if data["new"] else ""
    return f"Health check “{data['title']}”: {count(data['count'], 'finding')}.{new}"


def _moment(text: str) -> str:
    return MOMENT.sub(r"\1 \2 UTC", text)


def _value(value: object) -> str:
    if value in (None, "", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


_SENTENCES: Mapping[str, Callable[[Data], str]] = {
    "model.added": _added,
    "model.changed": _changed,
    "model.deprecated": _deprecated,
    "model.retiring": _retiring,
    "model.retired": _retired,
    "price.announced": _announced,
    "price.in_force": _in_force,
    "price.ended": _ended,
    "token.issued": _issued,
    "token.rotated": _rotated,
    "token.revoked": _revoked,
    "token.expiring": _expiring,
    "token.refused": _refused,
    "budget.warning": _warning,
    "budget.spent": _budget_spent,
    "import.waiting": _waiting,
    "import.stopped": _stopped,
    "import.failed": _failed,
    "health.found": _found,
    "ping": lambda data: str(data["message"]),
}
