"""The WSGI application that gunicorn serves: Django, and in front of it a lane for what is asked for all day."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from tokens.lane import Lane  # noqa: E402  (its models can be imported only now)
from tokens.metrics import metered  # noqa: E402
from tokens.requests import Utf8Handler  # noqa: E402
from tokens.throttling import limiter  # noqa: E402

django_application = Utf8Handler()
application = metered(Lane(django_application))
# Made while nobody waits: it brings the client of Redis in, which takes longer than any request.
limiter()
