#!/usr/bin/env python
"""Modelbook's command line: `python manage.py help` lists the commands."""

import logging
import os
import sys
from secrets import token_urlsafe

from django.core.management import execute_from_command_line

from config.cli_errors import sentence
from config.secrets import NAMES, ensure_secrets, secrets_file


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["quickstart"]:
        if "--dry-run" in sys.argv:
            stand_in_for_secrets()
        else:
            make_secrets()
    # The pool warns of every attempt; a command that gets no connection says so itself.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        told = None if "--traceback" in sys.argv else sentence(error)
        if told is None:
            raise
        sys.exit(told)


def make_secrets() -> None:
    """Before Django starts: the settings refuse to load without secrets."""
    try:
        ensure_secrets()
    except OSError as error:
        sys.exit(f"Cannot keep secrets in {secrets_file()}: {(error.strerror or str(error)).lower()}.")


def stand_in_for_secrets() -> None:
    """For a run that writes nothing: secrets of this process, which signs nothing with them."""
    if not secrets_file().exists():
        for name in NAMES:
            if not (os.environ.get(name) or os.environ.get(f"{name}_FILE")):
                os.environ[name] = f"1:{token_urlsafe(48)}"


if __name__ == "__main__":
    main()
