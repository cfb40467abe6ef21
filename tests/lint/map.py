"""Is CONTRIBUTING.md's map of the house true? python map.py

What it names in backticks exists (words in capitals are placeholders, so is name.sql), every folder with sources is
named, and every room says at its door what it is for: a header, or a .c file without one, begins with a comment."""

import os
import re
from fnmatch import fnmatch

from source import ROOT, files, finish

GUIDE = ROOT / "CONTRIBUTING.md"
NAME = re.compile(r"`(?:build/relais )?([A-Za-z0-9_.*/-]+)`")
IS_FILE = re.compile(r"[a-z0-9_*]\.(c|h|py|md|yaml|sql|sh|txt|json|mjs|css|js)$")
PLACEHOLDER = re.compile(r"[A-Z]{4}|(^|/)name\.sql$|^build")
HOUSES = ("lib/*", "server", "server/*", "migrations", "tests/*", "cmake", "cmake/*", "deploy")
NO_ROOMS = ("node_modules", "__pycache__")


def all_paths():
    """Folders and files of the tree, without what was built or installed."""
    found = set()
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NO_ROOMS and not name.startswith(("build", ".g", ".v", ".n"))]
        found.update(os.path.relpath(os.path.join(folder, name), ROOT) for name in folders + names)
    return found


def exists(name, paths):
    """A bare name, or the end of a path, may stand anywhere in the tree."""
    pattern = name.removeprefix("./").rstrip("/")
    return any(fnmatch(path, pattern) or fnmatch(path, f"*/{pattern}") for path in paths)


def named_faults(lines, paths):
    for number, line in enumerate(lines, 1):
        for name in NAME.findall(line):
            is_path = IS_FILE.search(name) or "/" in name.strip("/.")
            if is_path and not PLACEHOLDER.search(name.replace(".md", "")) and not exists(name, paths):
                yield GUIDE, number, f"{name} is named here and does not exist"


def folder_faults(text):
    for house in HOUSES:
        for folder in ROOT.glob(house):
            if folder.is_dir() and folder.name not in NO_ROOMS and any(path.is_file() for path in folder.iterdir()):
                name = folder.relative_to(ROOT).as_posix()
                if f"`{name}/`" not in text:
                    yield GUIDE, 1, f"{name}/ is not on the map"


def door_faults():
    sources = files("lib/*/*.[ch]", "server/*.[ch]", "server/*/*.[ch]", "tests/unit/*.[ch]", "tests/fuzz/*.c")
    for path in sources:
        if path.suffix == ".c" and path.with_suffix(".h") in sources:
            continue
        if not path.read_text(encoding="utf-8").startswith("/*"):
            yield path, 1, "begins with a comment that says what this is for"


def main():
    text = GUIDE.read_text(encoding="utf-8")
    finish([*named_faults(text.split("\n"), all_paths()), *folder_faults(text), *door_faults()])


if __name__ == "__main__":
    main()
