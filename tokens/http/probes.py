"""What the platform asks: is the process alive (/livez), and should it get traffic (/readyz).

A middleware before the one that refuses foreign host names: probes may ask by address and not by name.
"""

from collections.abc import Callable
from typing import Annotated, Literal, TypedDict

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from psycopg_pool import PoolTimeout

Handler = Callable[[HttpRequest], HttpResponse]


class Available(TypedDict):
    """Everything works."""

    status: Literal["ok"]


class Unavailable(TypedDict):
    """What is wrong."""

    status: Literal["unavailable"]
    problem: Annotated[str, "A sentence."]


class ProbesMiddleware:
    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        # Migrations do not come undone while this process runs: once applied, they are not looked for again.
        self.is_migrated = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        match request.path:
            case "/livez":
                return _answer("")
            case "/readyz":
                return _answer(self._why_not_ready())
        return self.get_response(request)

    def _why_not_ready(self) -> str:
        """A sentence, or nothing when the database answers and has every table."""
        try:
            if not self.is_migrated:
                executor = MigrationExecutor(connection)
                self.is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except (Error, PoolTimeout):
            return "The database does not answer."
        return "" if self.is_migrated else "Migrations are not applied: run `python manage.py migrate`."


def _answer(problem: str) -> HttpResponse:
    body = Unavailable(status="unavailable", problem=problem) if problem else Available(status="ok")
    return JsonResponse(body, status=503 if problem else 200, headers={"Cache-Control": "no-store"})
