"""SQL reads the time from relais_now() alone, so that the tests can move it, and pages by key, never by OFFSET.

Looks at lib/store/sql/*.sql and migrations/*.sql. The definition of relais_now itself may read a clock."""

import re

from source import code_of_sql, files, finish

BANNED = [
    (re.compile(r"\bnow\s*\(\s*\)", re.I), "call relais_now() instead of now()"),
    (re.compile(r"\b(?:clock|statement|transaction)_timestamp\s*\(", re.I), "call relais_now()"),
    (re.compile(r"\btimeofday\s*\(", re.I), "call relais_now()"),
    (re.compile(r"\bcurrent_(?:timestamp|date|time)\b", re.I), "call relais_now()"),
    (re.compile(r"\blocal(?:timestamp|time)\b", re.I), "call relais_now()"),
    (re.compile(r"'\s*(?:now|today|tomorrow|yesterday)\s*'", re.I), "this literal reads the clock; call relais_now()"),
    (re.compile(r"\boffset\b", re.I), "page by key, not by OFFSET"),
]
LITERAL = BANNED[5][0]
# From CREATE FUNCTION relais_now to the end of its dollar-quoted body.
DEFINITION = re.compile(
    r"create\s+(?:or\s+replace\s+)?function\s+(?:\w+\.)?relais_now\s*\(.*?\$(\w*)\$.*?\$\1\$", re.I | re.S)


def faults_of(text):
    text = DEFINITION.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    code = code_of_sql(text)
    without_comments = re.sub(r"/\*.*?\*/|--[^\n]*", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    for pattern, why in BANNED:
        where = without_comments if pattern is LITERAL else code
        for match in pattern.finditer(where):
            yield where.count("\n", 0, match.start()) + 1, why


def main():
    faults = []
    for path in files("lib/store/sql/*.sql", "migrations/*.sql"):
        faults += [(path, line, text) for line, text in faults_of(path.read_text())]
    finish(faults)


if __name__ == "__main__":
    main()
