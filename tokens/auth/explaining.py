"""Explains why a key can see and call a model, or why not: every gate in order, each with the row that decides it.

The command, the page of refused requests and the page of visible models use it. Calls are refused by the first gate
that fails, as /api/authorize does; a test compares the answers.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.conf import settings

from catalog.models import AIModel, Channel, Offer
from catalog.models.aimodel import wildcards_of
from tokens.access.charging import charged_groups
from tokens.access.listed_models import sort_key
from tokens.access.own_routes import read_called, supports
from tokens.access.prices import with_prices
from tokens.access.visibility import is_storable, keys_of, listed_names
from tokens.api_error import CODES
from tokens.auth.authentication import rate_of, row_of, scope_of
from tokens.auth.key_lookup import KeyMatch
from tokens.auth.model_gates import NOT_CALLED, Gate, Reach, model_gates, unchecked_model_gates
from tokens.budgets import NEVER, Budget
from tokens.calls.addresses import Address, AmbiguousAddressError
from tokens.calls.endpoints import StatedIn
from tokens.dialects import BY_NAME, DIALECTS
from tokens.models import Token
from tokens.rate_limits import limiter
from tokens.scope import Scope

# The gates of the key: the condition, the code of the refusal, the field of the scope that decides.
KEY_GATES = (
    ("the token is enabled", "key_disabled", "is_enabled"),
    ("the token has not expired", "key_expired", "expires_at"),
    ("the token is already valid", "key_not_yet_valid", "starts_at"),
    ("the address is allowed", "ip_not_allowed", "networks"),
)
KNOWN, CORRECT, PEPPER = "a token has this key", "the secret of the key is correct", "the key's pepper is configured"
HAS_KEY = "the token has a key"
RATE = "the rate limit is not exceeded"
READABLE = "the address of the call can be read (calls only)"
EXISTS = "the model exists"
ENDPOINT = "the model supports the kind of call (calls only)"
DIALECT = "the lists of the client's dialect have the model (lists only)"
BUDGET, GROUP_BUDGET = "the token is within its budget (calls only)", "the group is within its budget (calls only)"
OVER_BUDGET = "insufficient_quota"


@dataclass(frozen=True)
class Request:
    """What is known of the request, besides its key. Gates that need more are not checked."""

    # Id or alias; None: not given.
    model: str | None = None
    # The address that it comes from.
    address: str = ""
    # The address of the call, perhaps after its method: POST /v1/chat/completions.
    call: str = ""
    # The name of the dialect of a client that lists models.
    dialect: str = ""
    # Whether the state of the rate limit in this process is that of the request.
    counts_rate: bool = False


@dataclass(frozen=True)
class Answer:
    """What a refused call is answered."""

    status: int
    code: str
    message: str


@dataclass(frozen=True)
class Explanation:
    """All gates that apply, in order; if the model does not exist, its gates are not checked."""

    name: str
    gates: tuple[Gate, ...]
    # The dialects that hide the model from all their clients if NARROW_DIALECTS is on.
    narrowed_from: tuple[str, ...] = ()
    in_price_list: bool = True
    # The ids under which lists have it if it is visible: its own, and listed aliases.
    list_names: tuple[str, ...] = ()

    @property
    def visible(self) -> bool:
        return self.obstacle is None

    @property
    def is_listed_otherwise(self) -> bool:
        """Whether lists have it, and not only under this name."""
        return bool(self.list_names) and self.list_names != (self.name,)

    @property
    def obstacle(self) -> Gate | None:
        """The first gate that hides the model from the key."""
        gates = (gate for gate in self.gates if not (gate.of_calls or gate.of_lists))
        return next((gate for gate in gates if gate.passed is False), None)

    @property
    def callable(self) -> bool:
        """Whether the key may call the model, as /api/authorize answers; it may see models that it may not call."""
        return self.refused_by is None

    @property
    def refused_by(self) -> Gate | None:
        """The gate that refuses a call."""
        failed = [gate for gate in self.gates if gate.passed is False and not gate.of_lists]
        if failed and failed[0].code == "model_retired":
            # Nobody learns that a model is retired that the key could not see before.
            return next((gate for gate in failed if gate.code == NOT_CALLED), failed[0])
        return failed[0] if failed else None

    @property
    def answer(self) -> Answer | None:
        """What a gateway is answered that asks about the call; None if the call is allowed."""
        if self.refused_by is None:
            return None
        code = self.refused_by.code
        status, message = CODES[code]
        return Answer(status, code, message)

    @property
    def unchecked(self) -> tuple[Gate, ...]:
        """The gates that were not checked and could refuse a call."""
        return tuple(gate for gate in self.gates if gate.passed is None and not gate.of_lists)

    def as_json(self) -> dict[str, Any]:
        answer = asdict(self.answer) if self.answer else None
        return {"visible": self.visible, "callable": self.callable, "answer": answer, **asdict(self)}


def explain_key(match: KeyMatch | None, request: Request, *, at: dt.datetime, problem: str = "") -> Explanation:
    """The gates of a request with a key that was looked up; None: no token has it, `problem` says why."""
    call = _read_call(request.call)
    model = request.model
    if model is None and isinstance(call, Address):
        model = next(iter([*call.stated, *call.query_models]), None)
    request = replace(request, model=model)
    if match is None:
        return _of_unknown_key(request, problem)
    explanation = _explain(match.token, request, at=at, key_id=match.key_id)
    return replace(explanation, gates=(*_identity_gates(match), *explanation.gates))


def explain(token: Token, name: str, *, at: dt.datetime, address: str = "", key_id: str = "") -> Explanation:
    """Whether this token's key can see the model of that id or alias at a moment, and from an address if one is given.

    The name may be `models/<id>`, as Gemini's clients write it. `key_id` is the key id of a retired key; empty for the
    current key.
    """
    return _explain(token, Request(name, address), at=at, key_id=key_id)


def _explain(token: Token, request: Request, *, at: dt.datetime, key_id: str) -> Explanation:
    row = row_of(token)
    scope, name, call = scope_of(row), request.model, _read_call(request.call)
    of_key = key_gates(scope, at=at, address=request.address)
    if not token.has_key:
        of_key.insert(0, Gate(HAS_KEY, False, "it has no key yet: rotate it to get one", code="invalid_api_key"))
    # Whether a key ends with its grace period is asked with whether its token has expired.
    of_key[1:1] = _retired_key_gates(token, key_id, at=at)
    before = (*of_key, _rate_gate(token.pk, rate_of(row), is_known=request.counts_rate), _readable_gate(call))
    budget = budget_gate(scope, at=at)
    if name is None:
        return Explanation("", (*before, *_unchecked(EXISTS, "no model is given", call, scope), budget))
    explanations = []
    plain_name = name.removeprefix("models/")
    models = _models_named(name) or _models_named(plain_name)
    called = "" if models else plain_name
    models = models or _wildcards(plain_name)
    reach = Reach.of(with_prices(scope, at=at, models=[model.pk for model in models]))
    for model in models:
        path = _path_of_calls(model, at=at)
        if len(path) > 1 and scope.asks_for_prices:
            reach = Reach.of(with_prices(scope, at=at, models=[model.pk for model in [*models, *path]]))
        of_model = list(_gates_of(path[0], reach, at=at, called=called, forwards=len(path) > 1))
        for successor in path[1:]:
            gates_of_successor = _gates_of(successor, reach, at=at, forwards=successor is not path[-1])
            of_model += [
                replace(gate, asks=f"{gate.asks}: its successor {successor}", code="model_retired")
                for gate in gates_of_successor
            ]
        existence, model = _existence(name, model), path[-1]
        after = (_endpoint_gate(model, call), _dialect_gate(model, request.dialect), budget)
        of_group = _group_budget_gates(model, scope, at=at)
        gates = (*before, existence, *of_model, *after, *of_group)
        narrowed_from = tuple(dialect.name for dialect in DIALECTS if not dialect.lists(model))
        list_names = tuple(listed_names([model])[model.pk])
        explanations.append(Explanation(name, gates, narrowed_from, model.in_price_list, list_names))
    existence = Gate(EXISTS, False, f"no model and no alias is called {name}")
    of_missing = _unchecked("", "the model does not exist", call, scope)
    missing = Explanation(name, (*before, existence, *of_missing, budget))
    return next((explanation for explanation in explanations if explanation.visible), [*explanations, missing][0])


def _path_of_calls(model: AIModel, *, at: dt.datetime) -> list[AIModel]:
    """The model and, if it is retired and forwards its calls, the successors that they reach, in order."""
    path = [model]
    while path[-1].forwards(on=at.date()):
        successor = AIModel.objects.select_related("vendor").filter(predecessors=path[-1]).first()
        # A circle or a wildcard that was stored by hand.
        if successor is None or successor in path or successor.is_wildcard:
            break
        path.append(successor)
    return path


def _gates_of(
    model: AIModel, reach: Reach, *, at: dt.datetime, called: str = "", forwards: bool = False
) -> Iterator[Gate]:
    offers = list(Offer.objects.filter(model=model).select_related("channel").order_by("channel__slug"))
    return model_gates(model, offers, reach, at=at, dated=True, called=called, forwards=forwards)


def survey(scope: Scope, *, at: dt.datetime, search: str = "") -> list[Explanation]:
    """The gates for every model (or those whose id contains `search`), in the order of all lists, with few queries."""
    of_key, reach = [*key_gates(scope, at=at), budget_gate(scope, at=at)], Reach.of(with_prices(scope, at=at))
    models = AIModel.objects.select_related("vendor").filter(name__icontains=search.replace("\x00", ""))
    list_names = listed_names(models)
    channels = Channel.objects.in_bulk()
    offers: defaultdict[int, list[Offer]] = defaultdict(list)
    for offer in Offer.objects.order_by("channel__slug"):
        # One channel object for all its offers: a join would create one for each.
        offer.channel = channels[offer.channel_id]
        offers[offer.model_id].append(offer)
    return [
        Explanation(
            model.name,
            (*of_key, *model_gates(model, offers[model.pk], reach, at=at)),
            in_price_list=model.in_price_list,
            list_names=tuple(list_names[model.pk]),
        )
        for model in sorted(models, key=sort_key)
    ]


def key_gates(scope: Scope, *, at: dt.datetime, address: str = "") -> list[Gate]:
    """The gates of the key itself. Without an address, that of its networks is not checked, unless it has none."""
    refusals = set(scope.refusals(at=at, address=address or None))
    gates = []
    for asks, code, field in KEY_GATES:
        is_open = field == "networks" and bool(scope.networks) and not address
        gates.append(Gate(asks, None if is_open else code not in refusals, _because(scope, field, address), code=code))
    return gates


def budget_gate(scope: Scope, *, at: dt.datetime) -> Gate:
    """The gate of the token's own budget."""
    budget = scope.budget
    if scope.is_over_budget:
        return Gate(BUDGET, False, "it is over budget; it can still list models", of_calls=True, code=OVER_BUDGET)
    if budget is None:
        return Gate(BUDGET, True, "it is not over budget", of_calls=True, code=OVER_BUDGET)
    return Gate(BUDGET, not budget.is_spent(at=at), _state_of(budget, at=at), of_calls=True, code=OVER_BUDGET)


def _group_budget_gates(model: AIModel, scope: Scope, *, at: dt.datetime) -> Iterator[Gate]:
    """The gate of the group in which a call is charged, if a group has a budget."""
    group, slug = charged_groups([model.pk], scope, at=at).get(model.pk, (None, ""))
    if group is None and scope.group_budgets:
        yield Gate(GROUP_BUDGET, None, "no group pays for the model", of_calls=True, code=OVER_BUDGET)
    for owner, budget in scope.group_budgets:
        if owner == group:
            because = f"group {slug}: {_state_of(budget, at=at)}"
            yield Gate(GROUP_BUDGET, not budget.is_spent(at=at), because, of_calls=True, code=OVER_BUDGET)


def _state_of(budget: Budget, *, at: dt.datetime) -> str:
    """`5 USD per month is used up until 2026-12-01 00:00 UTC`."""
    if not budget.is_spent(at=at):
        return f"{budget} is {budget.state(at=at) or 'not used up'}"
    resets = budget.spent_until is not None and budget.spent_until < NEVER
    return f"{budget} is used up" + (f" until {budget.spent_until:%Y-%m-%d %H:%M} UTC" if resets else "")


def _retired_key_gates(token: Token, key_id: str, *, at: dt.datetime) -> Iterator[Gate]:
    """The gate of a retired key; none for the current key."""
    for retired in token.retired_keys.filter(key_id=key_id).exclude(key_id=token.key_id):
        end = f"{retired.valid_until:%Y-%m-%d %H:%M} UTC"
        because = f"key {token.key_id} has replaced it; its grace period ends at {end}"
        yield Gate("the retired key is still valid", retired.valid_until > at, because, code="key_expired")


def _models_named(name: str) -> list[AIModel]:
    """The models with that id or alias, the id first."""
    if not is_storable(name):
        return []
    models = AIModel.objects.select_related("vendor").filter(pk__in=[key for _, key in keys_of([name])])
    return sorted(models, key=lambda model: model.name != name)


def _wildcards(name: str) -> list[AIModel]:
    """The wildcard models that can stand for that id, the longest first."""
    models = AIModel.objects.select_related("vendor").filter(name__in=wildcards_of(name))
    return sorted(models, key=lambda model: -len(model.name))


def _existence(name: str, model: AIModel) -> Gate:
    is_id = model.name in {name, name.removeprefix("models/")}
    because = f"model {model.name}" if is_id else f"alias {name} of {model.name}"
    if not is_id and model.is_wildcard and name.removeprefix("models/").startswith(model.prefix):
        because = f"wildcard model {model.name}"
    return Gate(EXISTS, True, because)


def _because(scope: Scope, field: str, address: str) -> str:
    """The value of the scope's field in words."""
    value = getattr(scope, field)
    match field:
        case "is_enabled":
            return "it is enabled" if value else "it is disabled"
        case "networks":
            return f"{address or 'it'} must be in {', '.join(value)}" if value else "every address is allowed"
    if value is None:
        return {"expires_at": "it never expires", "starts_at": "no start is set"}[field]
    return f"{field.replace('_', ' ')} {value:%Y-%m-%d %H:%M} UTC"


def _rate_gate(token: int, rate: str, *, is_known: bool) -> Gate:
    """The gate of the rate limit, as this process counts now; several processes share a count only in Redis."""
    code = "rate_limit_exceeded"
    if not rate:
        return Gate(RATE, True, "no rate limit applies", code=code)
    if not is_known:
        return Gate(RATE, None, f"{rate}; how many requests are counted is not known here", code=code)
    quota = limiter().peek(rate, f"token:{token}")
    if not quota.allowed:
        return Gate(RATE, False, f"{rate}: exceeded until {quota.resets_at:%Y-%m-%d %H:%M:%S} UTC", code=code)
    left = f"{rate}: {quota.remaining:,} of {quota.limit:,} left now"
    if limiter().is_shared:
        return Gate(RATE, True, left, code=code)
    return Gate(RATE, None, f"{left} in this process; without REDIS_URL, each process counts on its own", code=code)


def _read_call(text: str) -> Address | AmbiguousAddressError | None:
    """What the address of a call names; the error if it can be read in several ways; None without an address."""
    method, _, path = text.strip().rpartition(" ")
    if not path:
        return None
    try:
        return read_called(path, method=method.strip().upper() or None)
    except AmbiguousAddressError as error:
        return error


def _readable_gate(call: Address | AmbiguousAddressError | None) -> Gate:
    if call is None:
        return Gate(READABLE, None, "no address of a call is given", of_calls=True, code="ambiguous_address")
    if isinstance(call, AmbiguousAddressError):
        return Gate(READABLE, False, str(call), of_calls=True, code="ambiguous_address")
    endpoint = call.endpoint
    if endpoint and endpoint.stated_in is StatedIn.NOWHERE and endpoint.name not in settings.AUTHORIZE_WITHOUT_MODEL:
        because = f"its calls name no model; AUTHORIZE_WITHOUT_MODEL={endpoint.name} allows them"
        return Gate(READABLE, False, because, of_calls=True, code="model_not_named")
    return Gate(READABLE, True, "it has one meaning", of_calls=True, code="ambiguous_address")


def _endpoint_gate(model: AIModel, call: Address | AmbiguousAddressError | None) -> Gate:
    """The gate of the kind of call, which its address decides."""
    code, types = "endpoint_not_supported", model.callable_endpoint_types
    supported = f"the model supports {', '.join(types)}" if types else "the model states no endpoint types"
    if not isinstance(call, Address):
        return Gate(ENDPOINT, None, f"the kind of call is not known; {supported}", of_calls=True, code=code)
    if call.endpoint is None:
        because = "the address is not a known endpoint; an endpoint type with its path makes it known"
        return Gate(ENDPOINT, False, because, of_calls=True, code=code)
    passed = supports(types, call.endpoint)
    return Gate(ENDPOINT, passed, f"the call is of kind {call.endpoint.name}; {supported}", of_calls=True, code=code)


def _dialect_gate(model: AIModel, dialect: str) -> Gate:
    hidden = [dialect.name for dialect in DIALECTS if not dialect.lists(model)]
    because = f"NARROW_DIALECTS hides it from clients of {' and '.join(hidden)}" if hidden else "all dialects list it"
    passed = BY_NAME[dialect].lists(model) if dialect else not hidden or None
    return Gate(DIALECT, passed, because, code="model_not_found", of_lists=True)


def _unchecked(
    first: str, because: str, call: Address | AmbiguousAddressError | None, scope: Scope | None
) -> Iterator[Gate]:
    """The gates of a model that is not known; `first` is a gate before them."""
    if first:
        yield Gate(first, None, because)
    yield from unchecked_model_gates(because)
    if call is None or isinstance(call, AmbiguousAddressError) or call.endpoint is not None:
        yield Gate(ENDPOINT, None, because, of_calls=True, code="endpoint_not_supported")
    else:
        yield Gate(ENDPOINT, False, "the address is not a known endpoint", of_calls=True, code="endpoint_not_supported")
    yield Gate(DIALECT, None, because, code="model_not_found", of_lists=True)
    if scope is None or scope.group_budgets:
        yield Gate(GROUP_BUDGET, None, because, of_calls=True, code=OVER_BUDGET)


def _identity_gates(match: KeyMatch) -> Iterator[Gate]:
    """Whether the client's key is that of the token: what is known depends on what was entered."""
    code = "invalid_api_key"
    kind = "replaced" if match.is_replaced else "current"
    yield Gate(KNOWN, True, f"the {kind} key {match.masked} of token {match.token}", code=code)
    if match.is_secret_correct is None:
        yield Gate(CORRECT, None, "only a part of the key is known", code=code)
    else:
        because = "the key is the stored one" if match.is_secret_correct else match.problem
        yield Gate(CORRECT, match.is_secret_correct, because, code=code)
    pepper = f"it is stored under pepper {match.pepper}"
    yield Gate(PEPPER, not match.pepper_problem, match.pepper_problem or pepper, code=code)


def _of_unknown_key(request: Request, problem: str) -> Explanation:
    """An unknown key stops everything: nothing else can be checked."""
    because = "no token has this key"
    gates = [Gate(KNOWN, False, problem, code="invalid_api_key")]
    gates += [Gate(asks, None, because, code="invalid_api_key") for asks in (CORRECT, PEPPER)]
    gates += [Gate(asks, None, because, code=code) for asks, code, _ in KEY_GATES]
    gates.append(Gate(RATE, None, because, code="rate_limit_exceeded"))
    gates += [_readable_gate(_read_call(request.call)), *_unchecked(EXISTS, because, None, None)]
    gates.append(Gate(BUDGET, None, because, of_calls=True, code=OVER_BUDGET))
    return Explanation(request.model or "", tuple(gates))
