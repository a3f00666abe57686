"""The state of a dated row at a time: scheduled, current or past."""

import datetime as dt
from typing import Any

from django.db import models


def state_at(in_force: models.QuerySet[Any, Any], *, at: dt.datetime) -> models.Case:
    """The state of each row of `in_force`'s table: scheduled, current (one of `in_force`) or past."""
    return models.Case(
        models.When(starts_at__gt=at, then=models.Value("scheduled")),
        models.When(models.Exists(in_force.filter(pk=models.OuterRef("pk"))), then=models.Value("current")),
        default=models.Value("past"),
    )
