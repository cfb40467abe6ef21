"""Makes holidays.txt, the public holidays that calendars of working hours know.

    .venv/bin/python cmake/lists/make_holidays.py

The dates come from the package `holidays` (MIT licence), pinned in tests/requirements.txt, where a test compares the file
with it. To renew: raise the version there, run this, look at the difference. A line is

    REGION DATES NAME     DATES: MMDD, every year; or YYYYMMDD,YYYYMMDD,…
    REGION +REGION        and all that the other one has

Regions are ISO 3166 countries and parts of them, in order; the years are those of FIRST_YEAR to LAST_YEAR.
"""

import pathlib

import holidays

FIRST_YEAR, LAST_YEAR = 2015, 2040
YEARS = range(FIRST_YEAR, LAST_YEAR + 1)
OUTPUT = pathlib.Path(__file__).with_name("holidays.txt")

COUNTRIES = ["AD", "AT", "BE", "CA", "CH", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "GR", "HU", "IE", "IT", "LI", "LU", "MC",
             "NL", "NO", "PL", "PT", "RO", "SE", "SK", "US"]
WITH_PARTS = ["CA", "CH", "DE", "ES", "FR", "GB"]
# Parts that the package has under another name, or that have no holidays of their own.
ALIASES = {"FR-67": ("FR", "6AE"), "FR-68": ("FR", "6AE")}
NOT_ISO = {"Augsburg", "6AE"}


def holidays_of(country, part=None):
    """{name: {date, …}}, by the names people there use."""
    language = holidays.country_holidays(country).default_language
    days = holidays.country_holidays(country, subdiv=part, years=YEARS, language=language)
    found = {}
    for day, names in days.items():
        for name in names.split("; "):
            if FIRST_YEAR <= day.year <= LAST_YEAR:
                found.setdefault(name, set()).add(day)
    return found


def dates_text(days):
    by_day = {day.strftime("%m%d") for day in days}
    if len(by_day) == 1 and len(days) == len(YEARS):
        return by_day.pop()
    return ",".join(day.strftime("%Y%m%d") for day in sorted(days))


def lines_of(region, found, parent=None, parent_found=None):
    rest = found
    if parent is not None and all(days <= found.get(name, set()) for name, days in parent_found.items()):
        yield f"{region} +{parent}"
        rest = {name: days - parent_found.get(name, set()) for name, days in found.items()}
    for days, name in sorted((dates_text(days), name) for name, days in rest.items() if days):
        yield f"{region} {days} {name}"


def regions():
    """{region: lines}"""
    result = {}
    for country in COUNTRIES:
        national = holidays_of(country)
        result[country] = list(lines_of(country, national))
        if country not in WITH_PARTS:
            continue
        parts = {f"{country}-{part}": (country, part) for part in holidays.country_holidays(country).subdivisions
                 if part not in NOT_ISO}
        parts.update({alias: place for alias, place in ALIASES.items() if place[0] == country})
        for region, (_, part) in parts.items():
            result[region] = list(lines_of(region, holidays_of(country, part), country, national))
    return result


HEAD = "# Public holidays, made by make_holidays.py from the package holidays of Vacanza Team (MIT licence).\n"


def text():
    found = regions()
    return HEAD + "".join(f"{line}\n" for region in sorted(found) for line in found[region])


if __name__ == "__main__":
    OUTPUT.write_text(text(), encoding="utf-8")
