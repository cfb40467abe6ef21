"""Dependencies point down only: base <- schema, domain <- store <- server, and two libraries have one door.

A <- B: B may use A. domain and schema never see store. lib/delivery stands beside store: it may use base,
schema and domain. Tests may include what they test."""

import re

from source import code_of_c, files, finish, relative

MAY_USE = {
    "base": {"base"},
    "schema": {"base", "schema"},
    "spool": {"base", "spool"},
    "domain": {"base", "schema", "domain"},
    "delivery": {"base", "schema", "domain", "delivery"},
    "store": {"base", "schema", "domain", "store"},
    "server": {"base", "schema", "domain", "store", "spool", "delivery", "server"},
}
DOORS = {
    "microhttpd.h": re.compile(r"server/http[a-z_]*\.[ch]$"),
    "libpq-fe.h": re.compile(r"lib/store/[a-z_]+\.[ch]$"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.M)


def layer_of(path):
    """"lib/domain/score.c" -> domain, "server/…" -> server."""
    parts = path.split("/")
    return parts[1] if parts[0] == "lib" else parts[0]


def faults_of(path, text):
    """`path` is relative to the root."""
    layer = layer_of(path)
    for match in INCLUDE.finditer(code_of_c(text, keep_includes=True)):
        name = match.group(1)
        line = text.count("\n", 0, match.start(1)) + 1
        door = DOORS.get(name)
        if door and not door.search(path):
            yield line, f"<{name}> is included where it must not be known"
        target = name.split("/")[0] if "/" in name else None
        if target in MAY_USE and target not in MAY_USE.get(layer, {target}):
            yield line, f"{layer} must not use {target}: \"{name}\""
        if layer != "server" and layer in MAY_USE and ".." in name.split("/"):
            yield line, f"include by \"folder/file.h\" from lib/, not \"{name}\""


def main():
    faults = []
    for path in files("lib/**/*.[ch]", "server/**/*.[ch]"):
        layer = layer_of(relative(path))
        if layer not in MAY_USE:
            faults.append((path, 1, f"lib/{layer} has no place in the order of dependencies; add it to MAY_USE"))
            continue
        faults += [(path, line, text) for line, text in faults_of(relative(path), path.read_text())]
    finish(faults)


if __name__ == "__main__":
    main()
