"""Days and moments in the active time zone, which pages set to that of the site."""

import datetime as dt

from django.utils import timezone
from django.utils.translation import pgettext

from pricing.engine.formatting.conditions import zone


def day(moment: dt.datetime) -> str:
    """2026-11-30"""
    return timezone.localtime(moment).date().isoformat()


def minute(moment: dt.datetime) -> str:
    """2026-11-30 08:00 UTC"""
    local = timezone.localtime(moment)
    return pgettext("moment", "%(time)s %(zone)s") % {
        "time": f"{local:%Y-%m-%d %H:%M}", "zone": zone(timezone.get_current_timezone_name()),
    }  # fmt: skip


def next_midnight(moment: dt.datetime, tz: dt.tzinfo) -> dt.datetime:
    """When the next day starts in the time zone."""
    after = moment.astimezone(tz).date() + dt.timedelta(days=1)
    return dt.datetime.combine(after, dt.time(), tzinfo=tz).astimezone(dt.UTC)
