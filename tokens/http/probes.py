"""Probes of the platform: whether the process is alive (/livez), and whether it should get traffic (/readyz).

The middleware is before the one that refuses unknown host names: probes may use an IP address as the host.
"""

from collections.abc import Callable
from typing import Annotated, Literal, TypedDict

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from psycopg_pool import PoolTimeout

from tokens.models import Pepper

Handler = Callable[[HttpRequest], HttpResponse]

LIVEZ = "/livez"
READYZ = "/readyz"


class Available(TypedDict):
    """Everything works."""

    status: Literal["ok"]


class Unavailable(TypedDict):
    """What is wrong."""

    status: Literal["unavailable"]
    problem: Annotated[str, "A sentence."]


class ProbesMiddleware:
    """Responds to the probes."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        # Applied migrations are not reverted while this process runs, so they are checked until they are applied.
        self.is_migrated = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == LIVEZ:
            return alive()
        if request.path == READYZ:
            return _probe_response(self._why_not_ready())
        return self.get_response(request)

    def _why_not_ready(self) -> str:
        """The problem in one sentence; empty if the database answers, is migrated, and its keys can be checked."""
        try:
            if not self.is_migrated:
                executor = MigrationExecutor(connection)
                self.is_migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
            if not self.is_migrated:
                return "Migrations are not applied: run `python manage.py migrate`."
            return " ".join(Pepper.objects.problems().values())
        except (Error, PoolTimeout):
            return "The database does not answer."


def alive() -> HttpResponse:
    """The response to /livez: the process can respond."""
    return _probe_response("")


def _probe_response(problem: str) -> HttpResponse:
    body = Unavailable(status="unavailable", problem=problem) if problem else Available(status="ok")
    response = JsonResponse(body, status=503 if problem else 200, headers={"Cache-Control": "no-store"})
    response["Content-Length"] = str(len(response.content))
    return response
