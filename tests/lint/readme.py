"""Is the README's table of settings what `relais config --markdown` prints? python readme.py README.md TABLE

The table stands between the lines `<!-- settings -->` and `<!-- /settings -->`. With --write it is put there."""

import re
import sys

PLACE = re.compile(r"(<!-- settings -->\n)(.*?)(\n?<!-- /settings -->)", re.S)


def main():
    readme_path, table_path = [argument for argument in sys.argv[1:] if argument != "--write"]
    with open(readme_path, encoding="utf-8") as file:
        readme = file.read()
    with open(table_path, encoding="utf-8") as file:
        table = file.read().strip()
    place = PLACE.search(readme)
    if place is None:
        sys.exit(f"{readme_path}: no lines <!-- settings --> and <!-- /settings -->")
    if place.group(2).strip() == table:
        return
    if "--write" not in sys.argv:
        sys.exit(f"{readme_path}: the table of settings is out of date; renew it with\n"
                 "  build-test/relais config --markdown >build-state/config.md &&\n"
                 "  python3 tests/lint/readme.py --write README.md build-state/config.md")
    with open(readme_path, "w", encoding="utf-8") as file:
        file.write(readme[: place.start(2)] + table + "\n" + readme[place.end(2):].lstrip("\n"))


if __name__ == "__main__":
    main()
