#!/usr/bin/env python
"""Modelbook's command line: `python manage.py help` lists the commands."""

import logging
import os
import sys
from secrets import token_urlsafe

from django.core.management import execute_from_command_line

from config.cli_errors import explain_error
from config.secrets import SECRET_NAMES, ensure_secrets, secrets_file


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["quickstart"]:
        if "--dry-run" in sys.argv:
            use_temporary_secrets()
        else:
            create_secrets()
    # The pool logs every attempt; a command without a connection reports the error itself.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        message = None if "--traceback" in sys.argv else explain_error(error)
        if message is None:
            raise
        sys.exit(message)


def create_secrets() -> None:
    """Creates the secrets before Django starts, because the settings do not load without them."""
    try:
        ensure_secrets()
    except OSError as error:
        sys.exit(f"Cannot write secrets to {secrets_file()}: {(error.strerror or str(error)).lower()}.")


def use_temporary_secrets() -> None:
    """Sets secrets for this process only, for a dry run, which writes no file and signs nothing."""
    if not secrets_file().exists():
        for name in SECRET_NAMES:
            if not (os.environ.get(name) or os.environ.get(f"{name}_FILE")):
                os.environ[name] = f"1:{token_urlsafe(48)}"


if __name__ == "__main__":
    main()
