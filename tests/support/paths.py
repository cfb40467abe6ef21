"""Where things are."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED_DATA = ROOT.parent / "shared" / "data"
OPENAPI = ROOT / "openapi.yaml"


def binary():
    """The relais under test: RELAIS_BINARY, else that of TEST_BUILD_DIR, else build-test's."""
    given = os.environ.get("RELAIS_BINARY")
    if given:
        return pathlib.Path(given).resolve()
    return pathlib.Path(os.environ.get("TEST_BUILD_DIR", ROOT / "build-test")).resolve() / "relais"
