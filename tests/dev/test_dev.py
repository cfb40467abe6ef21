"""./dev on a machine that has nothing: its commands install what a build needs before they build."""

import os
import shutil
import subprocess

import pytest

from support import paths

# What a bare Debian 12 has and ./dev uses.
BARE = "sh cat chmod cmp cp dirname env grep id mkdir nproc rm sed seq sleep tail".split()

# In place of Debian's programs and of the network. cmake tells which node it would find.
STANDING_IN = {
    "bin/dpkg-query": "echo installed",
    "bin/cmake": "{ command -v node; command -v npm; } >nodes",
    "bin/ninja": "mkdir -p build\nprintf '#!/bin/sh\\necho \"$@\" >>ran\\n[ \"$1\" = serve ]\\n' >build/relais\nchmod +x build/relais",
    "cmake/node.sh": "mkdir -p \"$1/bin\"\nfor tool in node npm; do echo >\"$1/bin/$tool\"; chmod +x \"$1/bin/$tool\"; done\n"
                     "cp cmake/node.txt \"$1/node.txt\"",
}


@pytest.fixture
def bare(tmp_path):
    """A tree with ./dev in it, and beside it the programs of a machine without a compiler or Node.js."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "cmake").mkdir()
    (tmp_path / "cmake/node.txt").write_text("nodejs==1\n")
    shutil.copy(paths.ROOT / "dev", tmp_path / "dev")
    for name in BARE:
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    for name, text in STANDING_IN.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("command", ["build", "run"])
def test_a_machine_without_node_gets_one(bare, command):
    with open(bare / "output", "w", encoding="utf-8") as output:  # no pipe: who waits to give hints holds it open
        code = subprocess.run(["sh", "dev", command], cwd=bare, env={"PATH": str(bare / "bin"), "HOME": os.devnull},
                              stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=60).returncode
    assert code == 0, (bare / "output").read_text()
    assert (bare / "nodes").read_text().split() == [f"{bare}/.node/bin/node", f"{bare}/.node/bin/npm"]
    if command == "run":
        assert "serve --listen 127.0.0.1:8080\n" in (bare / "ran").read_text()
