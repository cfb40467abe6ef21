#!/bin/sh
# All lints, one line each: "lint: NAME passed", "lint: NAME FAILED" behind what it found, or "lint:
# NAME skipped (why)". Needs what ./dev lint prepares: build-test built with gcc, build-fuzz configured
# with clang, .venv, tests/lint/node_modules. Exits non-zero when one failed.
# shellcheck disable=SC2317 # the checks are called by name
set -u
cd "$(dirname "$0")/../.." || exit 1
python=.venv/bin/python
# The analysers remember what they found clean; the first run on a machine is the long one.
cache=build-state/lint
: "${LINT_SECONDS:=420}" # for each analyser; what it did not get to is said and comes next time
mkdir -p "$cache"
result=0

# lint NAME COMMAND …
lint() {
    name=$1
    shift
    if "$@" >"$cache/$name.log" 2>&1; then
        grep '^  [0-9]* files, ' "$cache/$name.log"
        echo "lint: $name passed"
    else
        cat "$cache/$name.log"
        echo "lint: $name FAILED"
        result=1
    fi
}

skip() {
    echo "lint: $1 skipped ($2)"
}

sources() {
    find lib server tests -name '*.[ch]' -not -path '*/node_modules/*' | sort
}

check_format() {
    sources | xargs clang-format --dry-run -Werror
}

check_scripts() {
    # shellcheck disable=SC2046 # no script has a space in its name
    shellcheck dev .ci/run $(find cmake tests deploy -name '*.sh' -not -path '*/node_modules/*')
}

check_cppcheck() {
    mkdir -p "$cache/cppcheck"
    cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability \
        --inline-suppr --suppressions-list=tests/lint/cppcheck.txt --cppcheck-build-dir="$cache/cppcheck" \
        -D_GNU_SOURCE -DRELAIS_VERSION='"0"' -I lib -I server --error-exitcode=1 lib server
}

check_openapi() {
    REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true CI=true \
        tests/lint/node_modules/.bin/redocly lint openapi.yaml
}

check_routes() {
    build-test/relais routes >"$cache/routes.jsonl" && "$python" tests/lint/routes.py "$cache/routes.jsonl" openapi.yaml
}

check_readme() {
    build-test/relais config --markdown >"$cache/config.md" && "$python" tests/lint/readme.py README.md "$cache/config.md"
}

lint format check_format
lint dependencies "$python" tests/lint/dependencies.py
lint map "$python" tests/lint/map.py
lint banned "$python" tests/lint/banned.py
lint sql "$python" tests/lint/sql.py
lint scripts check_scripts
lint cppcheck check_cppcheck
if [ -f openapi.yaml ]; then
    lint openapi check_openapi
else
    skip openapi 'there is no openapi.yaml'
fi
if [ -x build-test/relais ]; then
    lint routes check_routes
else
    skip routes 'build-test/relais is not built'
fi
if [ -x build-test/relais ] && [ -f README.md ]; then
    lint readme check_readme
else
    skip readme 'there is no README.md or build-test/relais'
fi
lint analyzer "$python" tests/lint/analyze.py gcc --build build-test --cache "$cache/gcc" --seconds "$LINT_SECONDS"
lint tidy "$python" tests/lint/analyze.py tidy --build build-fuzz --cache "$cache/tidy" --seconds "$LINT_SECONDS"
exit "$result"
