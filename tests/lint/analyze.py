"""Runs clang-tidy or gcc -fanalyzer over the sources, two files at a time, within a time budget.

    python analyze.py tidy --build build-fuzz --cache build-state/lint/tidy --seconds 420
    python analyze.py gcc  --build build-test --cache build-state/lint/gcc  --seconds 420

What was found clean is remembered by a hash over the preprocessed source, the options and the tool's version, so that
only changed files are looked at again. Files that were not reached within the budget are counted and come first next
time. tidy takes lib and server, gcc takes lib; tests have the compilers' warnings and the sanitizers."""

import argparse
import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DROPPED = ("-o", "-MF", "-MT", "-MQ")  # with the word behind them


def commands(build, folders):
    """(file, words of its compiler call without output and dependency options, folder to run in)."""
    for entry in json.loads((ROOT / build / "compile_commands.json").read_text()):
        file = Path(entry["file"])
        if file.suffix != ".c" or not any(file.is_relative_to(ROOT / folder) for folder in folders):
            continue
        words, skip = [], False
        for word in shlex.split(entry["command"]):
            if skip:
                skip = False
            elif word in DROPPED:
                skip = True
            elif word not in ("-c", "-MD", "-MMD", entry["file"]):
                words.append(word)
        yield file, words, entry["directory"]


def key_of(file, words, directory, version):
    """Hash of everything the verdict depends on; None when it does not even preprocess."""
    call = subprocess.run(words + ["-E", "-P", str(file)], cwd=directory, capture_output=True, check=False)
    if call.returncode != 0:
        return None
    configuration = (ROOT / ".clang-tidy").read_bytes()
    digest = hashlib.sha256()
    for part in (call.stdout, file.read_bytes(), " ".join(words).encode(), configuration, version):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def tidy_call(file, words):
    return ["clang-tidy", "--quiet", str(file), "--"] + words[1:]


def gcc_call(file, words):
    kept = [word for word in words if not word.startswith("-fsanitize")]
    return kept + ["-O2", "-fanalyzer", "-Werror", "-c", str(file), "-o", "/dev/null"]


TOOLS = {
    "tidy": (tidy_call, ("lib", "server"), "clang-tidy"),
    "gcc": (gcc_call, ("lib",), "gcc"),
}


def check(job, call_of, cache, version, deadline):
    """"clean", "known", "late" or what the tool says."""
    file, words, directory = job
    key = key_of(file, words, directory, version)
    if key is not None and (cache / key).exists():
        return "known"
    left = deadline - time.monotonic()
    if left < 1:
        return "late"
    try:
        call = subprocess.run(call_of(file, words), cwd=directory, capture_output=True, text=True, timeout=left, check=False)
    except subprocess.TimeoutExpired:
        return "late"
    said = call.stdout + "".join(line + "\n" for line in call.stderr.splitlines()
                                 if not line.endswith(("warnings generated.", "warning generated.")))
    if call.returncode == 0 and not said.strip():
        if key is not None:
            (cache / key).touch()
        return "clean"
    return said.strip() or f"{call.args[0]} ended with {call.returncode}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("--build", required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    arguments = parser.parse_args()
    call_of, folders, program = TOOLS[arguments.tool]
    cache = arguments.cache.absolute()
    cache.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([program, "--version"], capture_output=True, check=True).stdout
    deadline = time.monotonic() + arguments.seconds
    jobs = sorted(commands(arguments.build, folders), key=lambda job: -job[0].stat().st_mtime)  # newest first
    verdicts = {}
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        waiting = {pool.submit(check, job, call_of, cache, version, deadline): job[0] for job in jobs}
        for done in concurrent.futures.as_completed(waiting):
            verdicts[waiting[done]] = done.result()
    bad = {file: text for file, text in verdicts.items() if text not in ("clean", "known", "late")}
    for file in sorted(bad):
        print(bad[file])
    late = sum(text == "late" for text in verdicts.values())
    print(f"  {len(jobs)} files, {sum(text == 'known' for text in verdicts.values())} unchanged, {len(bad)} with faults"
          + (f", {late} not reached within {arguments.seconds:.0f} s" if late else ""))
    sys.exit(1 if bad or not jobs else 0)


if __name__ == "__main__":
    main()
