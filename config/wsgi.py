"""The WSGI application that gunicorn serves: Django, and in front of it a lane for what is asked for all day."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from tokens.http.fastpath import Lane  # noqa: E402  (its models can be imported only now)
from tokens.http.metrics import metered  # noqa: E402
from tokens.http.utf8 import Utf8Handler  # noqa: E402
from tokens.rate_limits import limiter  # noqa: E402

django_application = Utf8Handler()
application = metered(Lane(django_application))
# Made while nobody waits: it brings the client of Redis in, which takes longer than any request.
limiter()
