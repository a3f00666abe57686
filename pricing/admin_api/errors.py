"""Exceptions of views as problems."""

from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as ModelError
from django.db import IntegrityError
from django.db.models import ProtectedError
from django.forms import ChoiceField
from django.http import HttpResponse
from rest_framework import exceptions

from catalog.error_messages import InputError, NotPermittedError, count
from tokens.http.errors import as_api_error, log_failure
from tokens.metric_counters import ERRORS
from tokens.operators.problems import FieldError, ProblemError, problem_response

# What is said of several fields together, as REST framework names it.
WHOLE_ROW = "non_field_errors"
REQUIRED = "This field is required."

# Exceptions whose text is for the caller, the code of their problem, and its status.
REFUSALS: tuple[tuple[type[Exception], str, int], ...] = (
    (exceptions.UnsupportedMediaType, "unsupported_media_type", 0),
    (exceptions.ParseError, "validation_failed", 0),
    (exceptions.MethodNotAllowed, "method_not_allowed", HTTPStatus.METHOD_NOT_ALLOWED),
    (exceptions.NotFound, "not_found", 0),
    (NotPermittedError, "permission_denied", HTTPStatus.FORBIDDEN),
    (InputError, "validation_failed", 0),
)


def handle_exception(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """The exception handler of all views of the management API."""
    request, problem = context["request"]._request, as_problem(error)
    if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log_failure(request, error)
    ERRORS.labels(problem.code).inc()
    return problem_response(problem)


def as_problem(error: Exception) -> ProblemError:
    """The problem for any exception."""
    match error:
        case ProblemError():
            return error
        case exceptions.ValidationError():
            return invalid(list(_errors_of_fields(error.get_full_details())))
        case ModelError():
            return invalid(errors_of_model(error))
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return ProblemError(f"key_{error.get_codes()}", str(error.detail), status=HTTPStatus.UNAUTHORIZED)
        case exceptions.Throttled():
            return too_many(int(getattr(error, "wait", None) or 1))
        case ProtectedError():
            return ProblemError("protected", str(error.args[0]))
        case IntegrityError():
            return ProblemError("conflict", "The database refused the change because of other rows.")
    for kind, code, status in REFUSALS:
        if isinstance(error, kind):
            return ProblemError(code, str(getattr(error, "detail", error)), status=status)
    api_error = as_api_error(error)
    return ProblemError(api_error.code, api_error.message, status=api_error.status, headers=api_error.headers)


def too_many(seconds: int) -> ProblemError:
    """The problem of a request above a rate."""
    headers = {"Retry-After": str(seconds)}
    detail = f"Too many requests. Try again in {seconds} s."
    return ProblemError("rate_limit_exceeded", detail, status=HTTPStatus.TOO_MANY_REQUESTS, headers=headers)


def invalid(errors: Sequence[FieldError]) -> ProblemError:
    """The problem of a request with these errors, which names the first one."""
    if not errors:
        return ProblemError("validation_failed")
    first, more = errors[0], len(errors) - 1
    where = "" if first["field"] == WHOLE_ROW else f"{first['field']}: "
    row = f"Row {first['index']}: " if "index" in first else ""
    others = f" And {count(more, 'more error')}." if more else ""
    return ProblemError("validation_failed", f"{row}{where}{first['message']}{others}", errors=errors)


def errors_in(problem: ProblemError) -> list[FieldError]:
    """The errors of a problem; its own text if it has none."""
    return problem.errors or [{"field": WHOLE_ROW, "code": "invalid", "message": problem.detail}]


def errors_of_model(error: ModelError) -> list[FieldError]:
    """The errors that the validation of a row has found, with the words of the admin's forms."""
    by_field = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    return [
        {
            "field": WHOLE_ROW if field == NON_FIELD_ERRORS else field,
            "code": each.code or "invalid",
            "message": _in_form(each, message) if field != NON_FIELD_ERRORS else str(message),
        }
        for field, errors in by_field.items()
        for each in errors
        for message in each.messages
    ]


def _in_form(error: Any, message: str) -> str:
    """The message of a field in a form, where the model has other words for it."""
    match error.code:
        case "blank":
            return REQUIRED
        case "invalid_choice":
            return str(ChoiceField.default_error_messages["invalid_choice"] % error.params)
    return str(message)


def _errors_of_fields(details: Any, path: str = "") -> Iterator[FieldError]:
    """The errors of REST framework's fields; nested ones have a path such as budget.amount."""
    if isinstance(details, Mapping) and details.keys() == {"message", "code"}:
        yield {"field": path or WHOLE_ROW, "code": str(details["code"]), "message": str(details["message"])}
    elif isinstance(details, Mapping):
        for name, inner in details.items():
            yield from _errors_of_fields(inner, path if name == WHOLE_ROW else f"{path}.{name}".lstrip("."))
    else:
        for place, inner in enumerate(details):
            is_leaf = isinstance(inner, Mapping) and inner.keys() == {"message", "code"}
            yield from _errors_of_fields(inner, path if is_leaf else f"{path}.{place}".lstrip("."))
