"""Functions that Relais does not call, and why; where one is at home it is allowed."""

import re

from source import code_of_c, files, finish, relative

# name: (why, files that may)
BANNED = {
    "strcpy": ("has no bound", None),
    "stpcpy": ("has no bound", None),
    "strcat": ("has no bound", None),
    "strncat": ("its bound is easily wrong", None),
    "strncpy": ("does not end what it copies", None),
    "sprintf": ("has no bound; use snprintf or a buf", None),
    "vsprintf": ("has no bound", None),
    "gets": ("has no bound", None),
    "atoi": ("hides faults; use str_to_int64", None),
    "atol": ("hides faults; use str_to_int64", None),
    "atof": ("hides faults; use str_to_double", None),
    "strtok": ("keeps hidden state; use str_cut", None),
    "gmtime": ("keeps hidden state; base/clock.h formats times", None),
    "localtime": ("keeps hidden state; base/clock.h formats times", None),
    "ctime": ("keeps hidden state; base/clock.h formats times", None),
    "asctime": ("keeps hidden state; base/clock.h formats times", None),
    "rand": ("is predictable; use random_bytes", None),
    "random": ("is predictable; use random_bytes", None),
    "srand": ("is predictable; use random_bytes", None),
    "setlocale": ("changes how the whole process reads numbers", None),
    "system": ("runs a shell; use program.h", None),
    "popen": ("runs a shell; use program.h", None),
    "time": ("use base/clock.h", r"lib/base/clock\.c$"),
    "gettimeofday": ("use base/clock.h", r"lib/base/clock\.c$"),
    "clock_gettime": ("use base/clock.h", r"lib/base/clock\.c$"),
    "malloc": ("use an arena, a buf or base/memory.h", r"lib/base/"),
    "calloc": ("use an arena, a buf or base/memory.h", r"lib/base/"),
    "realloc": ("use an arena, a buf or base/memory.h", r"lib/base/"),
    "reallocarray": ("use an arena, a buf or base/memory.h", r"lib/base/"),
    "free": ("use an arena, a buf or base/memory.h", r"lib/base/"),
    "strdup": ("use arena_strdup", r"lib/base/"),
    "asprintf": ("use arena_printf", r"lib/base/"),
}
# Handed over as a pointer counts as well: a call or any other use of the bare name.
USE = re.compile(r"(?<![A-Za-z0-9_.>])(" + "|".join(BANNED) + r")\b(?=\s*\()")
AS_POINTER = re.compile(r"[(,=]\s*(malloc|calloc|realloc|free)\s*[,);]")
# Tests run programs and write files as they need; they still do not copy without a bound.
TESTS_MAY = {"malloc", "calloc", "realloc", "free", "strdup", "asprintf", "system", "popen", "time", "clock_gettime"}


def faults_of(path, text):
    code = code_of_c(text)
    for pattern in (USE, AS_POINTER):
        for match in pattern.finditer(code):
            name = match.group(1)
            why, home = BANNED[name]
            if path.startswith("tests/") and name in TESTS_MAY:
                continue
            if home and re.match(home, path):
                continue
            yield code.count("\n", 0, match.start(1)) + 1, f"{name}() {why}"


def main():
    faults = []
    for path in files("lib/**/*.[ch]", "server/**/*.[ch]", "tests/**/*.[ch]"):
        faults += [(path, line, text) for line, text in faults_of(relative(path), path.read_text())]
    finish(faults)


if __name__ == "__main__":
    main()
