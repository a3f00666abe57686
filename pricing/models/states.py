"""The state of a dated row at a moment: announced, in force or past."""

import datetime as dt
from typing import Any

from django.db import models


def state_at(in_force: models.QuerySet[Any, Any], *, at: dt.datetime) -> models.Case:
    """Of rows that begin at a moment, which of them is in force: announced, in force or past."""
    return models.Case(
        models.When(starts_at__gt=at, then=models.Value("announced")),
        models.When(models.Exists(in_force.filter(pk=models.OuterRef("pk"))), then=models.Value("in force")),
        default=models.Value("past"),
    )
