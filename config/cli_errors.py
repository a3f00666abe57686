"""Explains errors of commands to the person at the terminal; unexpected errors keep their traceback."""

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, InterfaceError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from catalog.error_messages import UNMIGRATED, first_line


def explain_error(error: Exception) -> str | None:
    """A message for the terminal; None if only a traceback explains the error."""
    if isinstance(error, ImproperlyConfigured):
        return str(error)
    if isinstance(error, Error):
        return explain_database_error(error)
    if isinstance(error, OSError):
        prefix = f"{error.filename}: " if error.filename else ""
        return f"{prefix}{(error.strerror or str(error)).lower()}."
    return None


def explain_database_error(error: Error) -> str | None:
    """Checks whether the database answers and is migrated: the messages differ between kinds of databases."""
    try:
        connection.close()
        # The pool would wait again and report a timeout; the server itself reports the reason.
        connection.settings_dict["OPTIONS"].pop("pool", None)
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Error as connection_error:
        return f"The database does not answer: {first_line(connection_error)}"
    if pending:
        return UNMIGRATED.capitalize()
    if isinstance(error, OperationalError | InterfaceError):
        return f"The database refused the command: {first_line(error)}"
    return None
