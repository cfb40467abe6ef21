"""Moments as the API writes them."""

import datetime
import re
import zoneinfo

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def parse(text):
    assert MOMENT.fullmatch(text), f"{text!r} is not RFC 3339 in UTC with milliseconds"
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def text(at):
    return at.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc)


def seconds(earlier, later):
    return (parse(later) - parse(earlier)).total_seconds()


def ago(**delta):
    return text(utc_now() - datetime.timedelta(**delta))


def ahead(**delta):
    return text(utc_now() + datetime.timedelta(**delta))


def next_local(at, zone, hour):
    """The first moment after `at` at which it is this hour in a time zone."""
    local = at.astimezone(zoneinfo.ZoneInfo(zone))
    then = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return then if then > local else then + datetime.timedelta(days=1)
