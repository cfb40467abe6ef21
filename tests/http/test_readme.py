"""The README's walk through the story is true: its blocks are run as a newcomer would paste them, one after the other
into one shell, and each has to print what stands under it."""

import datetime
import os
import re
import select
import subprocess
import time

import pytest

from support import paths, processes
from support.server import environment

SECTION = re.compile(r"^## (?:What you see in five minutes|Ce que l’on voit en cinq minutes)\n(.*?)(?=^## |\Z)", re.M | re.S)
STEP = re.compile(r"^```sh\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.M | re.S)
ADDRESS = "http://127.0.0.1:8080"
# A block that only reads may come too early: the feed and the status follow within a second. It is read again.
WRITES = re.compile(r"\b(post|patch|import|create|submissions)\b")
BLOCK_SECONDS = 60
FOLLOWS_SECONDS = 10


def steps_of(name):
    """[(commands, what they print or None)]"""
    section = SECTION.search((paths.ROOT / name).read_text(encoding="utf-8"))
    assert section, f"{name} has no such section"
    return [(match[1], match[2]) for match in STEP.finditer(section[1])]


def pattern_of(expected):
    """… stands for anything on its line."""
    return re.compile(re.escape(expected.strip()).replace("…", "[^\n]*"))


class Shell:
    """A terminal with bash in a folder where build/relais is."""

    END = "--- end of block ---"

    def __init__(self, directory, database):
        (directory / "build").mkdir()
        (directory / "build" / "relais").symlink_to(paths.binary())
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-u"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=directory,
            env=environment({"DATABASE_URL": database.url, "LC_ALL": "C.UTF-8"}),
            preexec_fn=processes.dies_with_us(9))

    def run(self, commands):
        """What they print on standard output."""
        self.process.stdin.write(f"{commands}\necho '{self.END}'\n".encode())
        self.process.stdin.flush()
        deadline = time.monotonic() + BLOCK_SECONDS
        printed = b""
        while self.END.encode() not in printed:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no end after {BLOCK_SECONDS} s:\n{commands}\n{printed.decode(errors='replace')}"
            piece = os.read(self.process.stdout.fileno(), 65536)
            assert piece, f"the shell ended in:\n{commands}\n{printed.decode(errors='replace')}"
            printed += piece
        return printed.decode().partition(self.END)[0].replace("\r", "").strip()

    def end(self):
        self.process.stdin.close()
        processes.end(self.process)
        self.process.stdout.close()


@pytest.fixture
def shell(fresh, tmp_path):
    made = Shell(tmp_path, fresh.database)
    yield made
    made.end()


def time_in(printed, field):
    return datetime.datetime.fromisoformat(re.search(rf'"{field}":"([^"]*)"', printed)[1])


def check(shell, commands, expected):
    """Runs one block; returns what it printed."""
    printed = shell.run(commands)
    if expected is None:
        return printed
    wanted = pattern_of(expected)
    if not WRITES.search(commands):
        deadline = time.monotonic() + FOLLOWS_SECONDS
        while not wanted.fullmatch(printed) and time.monotonic() < deadline:
            printed = shell.run(commands)
    assert wanted.fullmatch(printed), f"{commands}\nprinted\n{printed}\n\nand not\n{expected}"
    return printed


@pytest.mark.parametrize("name", ["README.md", "README.fr.md"])
def test_the_walk_prints_what_the_readme_says(fresh, shell, name):
    steps = steps_of(name)
    assert len(steps) >= 12 and all(expected for _, expected in steps[1:])
    printed = [check(shell, commands.replace(ADDRESS, fresh.url), expected) for commands, expected in steps]
    (handoff,) = [text for text in printed if '"started_at"' in text]
    assert time_in(handoff, "due_at") - time_in(handoff, "started_at") == datetime.timedelta(hours=24)
    (breach,) = [text for text in printed if '"sla.breached"' in text]
    breach = breach.partition('"sla.breached"')[2]
    late = time_in(breach, "at") - time_in(breach, "due_at")
    assert datetime.timedelta(0) <= late < datetime.timedelta(seconds=FOLLOWS_SECONDS)


@pytest.mark.parametrize("name", ["README.md", "README.fr.md", "CONTRIBUTING.md", "deploy/README.md", "CHANGELOG.md"])
def test_links_lead_somewhere(name):
    """Links to files of this project, and to headings (named as GitHub names them)."""
    page = paths.ROOT / name
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        file_name, _, anchor = target.partition("#")
        file = page.parent / file_name if file_name else page
        assert file.exists(), f"{name} links to {target}"
        if anchor:
            assert anchor in anchors_of(file), f"{name} links to {target}"


def anchors_of(file):
    text = file.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    return set(re.findall(r'<a id="([^"]+)">', text)) | {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
