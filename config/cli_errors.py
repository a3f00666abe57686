"""One sentence for the terminal on why a command failed; None if only a traceback explains it."""

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, InterfaceError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from catalog.error_messages import UNMIGRATED, first_line


def sentence(error: Exception) -> str | None:
    if isinstance(error, ImproperlyConfigured):
        return str(error)
    if isinstance(error, Error):
        return of_the_database(error)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{(error.strerror or str(error)).lower()}."
    return None


def of_the_database(error: Error) -> str | None:
    """Checks whether the database answers and is migrated, because each database words its errors differently."""
    try:
        connection.close()
        # The pool would wait again and report only that; the server itself reports the reason.
        connection.settings_dict["OPTIONS"].pop("pool", None)
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error as refused:
        return f"The database does not answer: {first_line(refused)}"
    if pending:
        return UNMIGRATED.capitalize()
    if isinstance(error, OperationalError | InterfaceError):
        return f"The database refused: {first_line(error)}"
    return None
