"""The table of public holidays: made from the pinned package, and right by France's own list."""

import csv
import subprocess
import sys

import pytest

from support import paths

TABLE = paths.ROOT / "cmake" / "lists" / "holidays.txt"
MAKER = paths.ROOT / "cmake" / "lists" / "make_holidays.py"
FIRST_YEAR, LAST_YEAR = 2015, 2040
OFFICIAL = {"FR": "jours_feries_metropole.csv", "FR-57": "jours_feries_alsace-moselle.csv",
            "FR-67": "jours_feries_alsace-moselle.csv", "FR-68": "jours_feries_alsace-moselle.csv"}


def holidays_of(region):
    """{YYYY-MM-DD, …} by the table's rules."""
    days = set()
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if not line.startswith(f"{region} "):
            continue
        what = line.split(" ")[1]
        if what.startswith("+"):
            days |= holidays_of(what[1:])
        elif len(what) == 4:
            days |= {f"{year}-{what[:2]}-{what[2:]}" for year in range(FIRST_YEAR, LAST_YEAR + 1)}
        else:
            days |= {f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in what.split(",")}
    return days


def test_the_table_is_what_the_package_says(tmp_path):
    made = subprocess.run([sys.executable, "-c", "import make_holidays, sys; sys.stdout.buffer.write(make_holidays.text().encode())"],
                          cwd=MAKER.parent, env={"PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, check=True)
    assert made.stdout.decode() == TABLE.read_text(encoding="utf-8"), f"{MAKER} makes it anew"


@pytest.mark.parametrize("region,name", OFFICIAL.items())
def test_the_table_agrees_with_the_official_list(region, name):
    path = paths.SHARED_DATA / "holidays-fr" / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    with open(path, encoding="utf-8") as file:
        official = {row["date"] for row in csv.DictReader(file)}
    years = {day[:4] for day in official if FIRST_YEAR <= int(day[:4]) <= LAST_YEAR}
    assert len(years) >= 10
    assert {day for day in holidays_of(region) if day[:4] in years} == {day for day in official if day[:4] in years}
