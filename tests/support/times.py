"""Moments as the API writes them."""

import datetime
import re

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
