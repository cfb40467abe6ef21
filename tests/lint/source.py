"""Reading the project's sources for the lints: files, and C and SQL without comments and strings."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

C_NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
SQL_NOISE = re.compile(r"/\*.*?\*/|--[^\n]*|'(?:[^']|'')*'", re.S)


def blank(match):
    """The same number of lines and columns, without the words."""
    return re.sub(r"[^\n]", " ", match.group())


def code_of_c(text, keep_includes=False):
    if keep_includes:
        includes = {i for i, line in enumerate(text.split("\n")) if re.match(r"\s*#\s*include\b", line)}
        kept = text.split("\n")
        lines = C_NOISE.sub(blank, text).split("\n")
        return "\n".join(kept[i] if i in includes and line.strip() else line for i, line in enumerate(lines))
    return C_NOISE.sub(blank, text)


def code_of_sql(text):
    return SQL_NOISE.sub(blank, text)


def files(*patterns):
    found = []
    for pattern in patterns:
        found += [path for path in ROOT.glob(pattern) if "node_modules" not in path.parts]
    return sorted(set(found))


def relative(path):
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def finish(faults):
    """Prints "file:line: fault" lines and ends the program."""
    for path, line, text in faults:
        print(f"{relative(path)}:{line}: {text}")
    sys.exit(1 if faults else 0)
